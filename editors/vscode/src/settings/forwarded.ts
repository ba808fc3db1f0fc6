/** Which settings the server gets. Pure. */

/** The groups of settings that are the extension's own: the server would call them unknown. */
const OWN = new Set(["server", "trace"]);

/** The section `spanfill` without what is the extension's own; null is left out, since it means unset. */
export function forwarded(section: unknown): Record<string, unknown> {
  if (typeof section !== "object" || section === null) {
    return {};
  }
  const groups = Object.entries(section).filter(([key, value]) => !OWN.has(key) && value !== null);
  return Object.fromEntries(groups);
}
