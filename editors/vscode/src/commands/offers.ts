/**
 * What the server offers for a place, through its code actions.
 *
 * The server knows which of them make sense for the model that is loaded, and what it would tell the model.
 */

import * as vscode from "vscode";
import type { Client } from "../server/client";
import type { OfferArgument } from "../server/protocol";

export interface Offer {
  title: string;
  argument: OfferArgument;
}

interface WireAction {
  title: string;
  command?: { command: string; arguments?: OfferArgument[] };
}

/** The offers for a range that run `command`. */
export async function offersFor(
  client: Client,
  document: vscode.TextDocument,
  range: vscode.Range,
  command: string,
): Promise<Offer[]> {
  const convert = client.code2ProtocolConverter;
  const near = vscode.languages.getDiagnostics(document.uri).filter((one) => one.range.intersection(range));
  const actions = await client.sendRequest<WireAction[] | null>("textDocument/codeAction", {
    textDocument: convert.asTextDocumentIdentifier(document),
    range: convert.asRange(range),
    context: { diagnostics: await convert.asDiagnostics(near), triggerKind: 1 },
  });
  return (actions ?? []).flatMap(({ title, command: run }) => {
    const argument = run?.arguments?.[0];
    return run?.command === command && argument ? [{ title, argument }] : [];
  });
}

/** The one offer there is, or the one that the user picks. */
export async function chosen(offers: readonly Offer[], nothing: string): Promise<Offer | undefined> {
  if (offers.length === 0) {
    void vscode.window.showInformationMessage(`spanfill: ${nothing}`);
    return undefined;
  }
  if (offers.length === 1) return offers[0];
  const picks = offers.map((offer) => ({ label: offer.title, offer }));
  return (await vscode.window.showQuickPick(picks, { title: "spanfill" }))?.offer;
}
