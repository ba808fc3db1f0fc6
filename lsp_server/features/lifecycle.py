"""`initialize`, `initialized`, `shutdown`, and the settings and folders that come with them."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest

from lsp_server.features import completion
from lsp_server.options import read_options
from lsp_server.positions import negotiate
from lsp_server.session import Session, path_of
from lsp_server.trigger_kinds import TriggerNumbering

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer

logger = logging.getLogger(__name__)

_PATIENCE_S = 10.0
"""How long a client may take to answer a request of ours."""


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.INITIALIZED)(initialized)
    server.feature(types.SHUTDOWN)(shutdown)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(did_change_workspace_folders)


def initialize(ls: "SpanfillServer", params: types.InitializeParams) -> None:
    """Take the client's measure; pygls answers with what the server can do. Nothing slow happens here."""
    _check_token(ls, params)
    session = ls.session
    session.initialization_options = params.initialization_options
    offered = session.capability("general.position_encodings")
    session.encoding = negotiate([str(getattr(kind, "value", kind)) for kind in offered or ()])
    session.numbering = TriggerNumbering(params.client_info.name if params.client_info else "")
    roots = _paths(folder.uri for folder in params.workspace_folders or ())
    session.work_in(roots or (_paths([params.root_uri]) if params.root_uri else ()))
    options, _ = read_options(params.initialization_options)
    if options.completion.fallback:
        completion.register(ls)


def _check_token(ls: "SpanfillServer", params: types.InitializeParams) -> None:
    raw = params.initialization_options
    shown = raw.pop("token", None) if isinstance(raw, dict) else None
    if ls.token is None:
        return
    from secrets import compare_digest  # not needed over stdio

    text = shown if isinstance(shown, str) else ""
    if not compare_digest(text.encode("utf-8", "replace"), ls.token.encode("utf-8", "replace")):
        ls.hang_up()
        raise JsonRpcInvalidRequest("The token in the initialization options is missing or wrong.")


def _paths(uris: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(path_of(uri)) for uri in uris)


def did_change_workspace_folders(ls: "SpanfillServer", params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Paths and ignore files count from the workspace's folders."""
    del params
    ls.session.work_in(_paths(folder.uri for folder in ls.workspace.folders.values()))


def initialized(ls: "SpanfillServer", params: types.InitializedParams) -> None:
    """Fetch the settings, then begin loading the model behind the conversation."""
    del params
    ls.session.spawn(_start(ls.session))


async def _start(session: Session) -> None:
    session.report(session.host.status)
    session.host.listeners.append(session.report)
    await _fetch_settings(session)
    if session.capability("workspace.did_change_configuration.dynamic_registration"):
        registration = types.Registration(
            id="spanfill-settings",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section="spanfill"),
        )
        await _registered(session, registration)


async def _registered(session: Session, registration: types.Registration) -> None:
    await _asked(session.server.client_register_capability_async(types.RegistrationParams([registration])))


async def _register_fallback(session: Session) -> None:
    """Offer `textDocument/completion` after all: the settings that ask for it came after `initialize`."""
    if not session.capability("text_document.completion.dynamic_registration"):
        logger.warning("completion.fallback takes effect for this client in its initialization options only")
        return
    completion.register(session.server)
    await _registered(session, completion.registration())


async def _fetch_settings(session: Session) -> None:
    raw = session.initialization_options
    if session.capability("workspace.configuration"):
        wanted = types.ConfigurationParams([types.ConfigurationItem(section="spanfill")])
        answer = await _asked(session.server.workspace_configuration_async(wanted))
        if answer and answer[0] is not None:
            raw = _merged(raw, answer[0])
    _configure(session, raw)


def _configure(session: Session, raw: Any) -> None:
    session.configure(raw)
    if session.options.completion.fallback and not completion.registered(session.server):
        session.spawn(_register_fallback(session))


async def _asked(answer: Awaitable[Any]) -> Any:
    """The client's answer, None where it refuses or gives none."""
    try:
        return await asyncio.wait_for(answer, _PATIENCE_S)
    except TimeoutError:
        logger.warning("The client did not answer a request")
    except JsonRpcException as error:
        logger.warning("The client refused a request: %s", error.code)
    return None


def _merged(base: Any, over: Any) -> Any:
    """`over` laid upon `base`, object by object; null means unset."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return base if over is None else over
    return base | {key: _merged(base.get(key), value) for key, value in over.items()}


def did_change_configuration(ls: "SpanfillServer", params: types.DidChangeConfigurationParams) -> None:
    """Take new settings: asked for where the client answers, else from the notification."""
    session, settings = ls.session, params.settings
    if session.capability("workspace.configuration"):
        session.spawn(_fetch_settings(session))
    elif isinstance(settings, dict):
        _configure(session, _merged(session.initialization_options, settings.get("spanfill", settings)))


def shutdown(ls: "SpanfillServer", params: None) -> None:
    """Stop what runs for this client."""
    del params
    ls.session.turn.set()
    ls.session.host.cancel_all()
