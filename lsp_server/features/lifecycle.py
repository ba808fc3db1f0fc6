"""`initialize`, `initialized`, `shutdown`, and the settings that come with them."""

import asyncio
import hmac
import logging
from pathlib import Path
from typing import Any

from lsp_server.features.commands import COMMANDS
from lsp_server.messages import DidChangeConfigurationParams, InitializeParams, NoParams
from lsp_server.options import Options, read_options
from lsp_server.positions import negotiate
from lsp_server.privacy import Privacy
from lsp_server.registry import Registry
from lsp_server.rpc import errors
from lsp_server.rpc.errors import RpcError
from lsp_server.session import Session, path_of
from lsp_server.trigger_kinds import TriggerNumbering

logger = logging.getLogger(__name__)

INCREMENTAL = 2
"""`TextDocumentSyncKind.Incremental`."""


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.request("initialize", InitializeParams, initialize)
    registry.request("shutdown", NoParams, shutdown)
    registry.notification("initialized", NoParams, initialized)
    registry.notification(
        "workspace/didChangeConfiguration", DidChangeConfigurationParams, did_change_configuration
    )


async def initialize(session: Session, params: InitializeParams) -> dict[str, Any]:
    """Answer with what the server can do. Nothing slow happens here."""
    _check_token(session, params)
    session.client = params
    session.encoding = negotiate(session.capability("general.positionEncodings"))
    session.numbering = TriggerNumbering(str((params.client_info or {}).get("name", "")))
    session.roots = _roots(params)
    session.privacy = Privacy(session.roots)
    options, _ = read_options(params.initialization_options)
    return {
        "capabilities": _capabilities(session, options),
        "serverInfo": {"name": "spanfill", "version": session.version},
    }


def _check_token(session: Session, params: InitializeParams) -> None:
    raw = params.initialization_options
    shown = raw.pop("token", None) if isinstance(raw, dict) else None
    if session.token is not None and not hmac.compare_digest(str(shown).encode(), session.token.encode()):
        session.connection.close(1)
        raise RpcError(errors.INVALID_REQUEST, "The token in the initialization options is missing or wrong.")


def _roots(params: InitializeParams) -> tuple[Path, ...]:
    uris = [str(folder.get("uri")) for folder in params.workspace_folders or ()]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    return tuple(Path(path_of(uri)) for uri in uris)


def _capabilities(session: Session, options: Options) -> dict[str, Any]:
    offered: dict[str, Any] = {
        "positionEncoding": session.encoding,
        "textDocumentSync": {"openClose": True, "change": INCREMENTAL},
        "inlineCompletionProvider": {},
        "executeCommandProvider": {"commands": list(COMMANDS), "workDoneProgress": True},
        "codeActionProvider": {"codeActionKinds": ["refactor.rewrite", "quickfix"]},
        "workspace": {"workspaceFolders": {"supported": False}},
        "experimental": {"spanfill": {"fill": True, "frames": True}},
    }
    if options.completion.fallback:
        offered["completionProvider"] = {"triggerCharacters": [".", "(", " ", ":"], "resolveProvider": False}
    return offered


def initialized(session: Session, params: NoParams) -> None:
    """Fetch the settings, then begin loading the model behind the conversation."""
    del params
    session.spawn(_start(session))


async def _start(session: Session) -> None:
    await _fetch_settings(session)
    if session.capability("workspace.didChangeConfiguration.dynamicRegistration"):
        registration = {"id": "spanfill-settings", "method": "workspace/didChangeConfiguration"}
        registration |= {"registerOptions": {"section": "spanfill"}}  # type: ignore[dict-item]
        await _asked(session, "client/registerCapability", {"registrations": [registration]})
    session.host.listeners.append(session.report)
    session.report(session.host.status)
    if session.options.enabled and session.options.model.load == "startup":
        session.host.preload()


async def _fetch_settings(session: Session) -> None:
    raw = session.client.initialization_options
    if session.capability("workspace.configuration"):
        answer = await _asked(session, "workspace/configuration", {"items": [{"section": "spanfill"}]})
        if isinstance(answer, list) and answer and answer[0] is not None:
            raw = _merged(raw, answer[0])
    session.configure(raw)


async def _asked(session: Session, method: str, params: Any) -> Any:
    """The client's answer, None where it refuses."""
    try:
        return await session.connection.request(method, params)
    except RpcError as error:
        logger.warning("The client refused %s: %s", method, error)
        return None


def _merged(base: Any, over: Any) -> Any:
    """`over` laid upon `base`, object by object; null means unset."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return base if over is None else over
    return base | {key: _merged(base.get(key), value) for key, value in over.items()}


def did_change_configuration(session: Session, params: DidChangeConfigurationParams) -> None:
    """Take new settings: asked for where the client answers, else from the notification."""
    if session.capability("workspace.configuration"):
        session.spawn(_fetch_settings(session))
        return
    settings = params.settings
    if isinstance(settings, dict):
        session.configure(_merged(session.client.initialization_options, settings.get("spanfill", settings)))


async def shutdown(session: Session, params: NoParams) -> None:
    """Stop what runs for this client."""
    del params
    session.turn.set()
    session.host.cancel_all()
    await asyncio.sleep(0)
