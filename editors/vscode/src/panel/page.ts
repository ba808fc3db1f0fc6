/** The page around a panel's text. Pure. */

const STYLE = `
  body { font: var(--vscode-font-size) var(--vscode-font-family); line-height: 1.5; padding: 0 1.5em 1em; }
  h1 { font-size: 1.4em; font-weight: 600; }
  pre, code { font-family: var(--vscode-editor-font-family); font-size: var(--vscode-editor-font-size); }
  pre { background: var(--vscode-textCodeBlock-background); padding: .8em; overflow-x: auto; white-space: pre-wrap; }
  table { border-collapse: collapse; }
  td, th { border-bottom: 1px solid var(--vscode-widget-border); padding: .3em 1.2em .3em 0; text-align: left; }
  td { vertical-align: top; }
`;

/** Nothing is loaded and nothing runs: the text may be a model's. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** An HTML page of a title and a body that is HTML already. */
export function page(title: string, body: string): string {
  const head = title.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${head}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${head}</h1>
${body}
</body>
</html>`;
}
