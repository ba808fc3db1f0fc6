--- An invoked fill from request to decision: the live canvas, then a preview that is accepted or discarded.
--- The text does not change before that, and a text that changed meanwhile is not edited.

local calls = require("spanfill.calls")
local client = require("spanfill.client")
local config = require("spanfill.config")
local drawing = require("spanfill.canvas.drawing")
local events = require("spanfill.events")
local keys = require("spanfill.canvas.keys")
local messages = require("spanfill.messages")
local places = require("spanfill.places")
local slots = require("spanfill.canvas.slots")
local timings = require("spanfill.timings")
local watch = require("spanfill.canvas.watch")

local M = {}

local METHOD = "spanfill/fill"
local STALE = "the text has changed since; nothing was edited."

---@class spanfill.FillWish what to fill
---@field bufnr integer
---@field span? spanfill.Span a region; else the cursor's place
---@field row integer where it is, before the server says more
---@field col integer
---@field mode? "line"|"block"|"function"|"region"|"statement" the server decides where it is absent
---@field instruction? string

---@class spanfill.Fill
---@field wish spanfill.FillWish
---@field id string
---@field phase "running"|"preview"
---@field client_id integer
---@field request_id? integer
---@field version integer of the text when it began
---@field span? spanfill.Span what the server fills
---@field text string what would be put in, so far

---@type spanfill.Fill?
local running
local last_id = 0

---@param fill spanfill.Fill
---@return string # the keys that matter now, for people
local function key_hint(fill)
  local names = config.get().preview_keys
  if fill.phase == "running" then
    return names.discard .. " stops"
  end
  return ("%s accepts, %s tries again, %s discards"):format(names.accept, names.regenerate, names.discard)
end

---Let go of the fill and of everything drawn for it.
---@return spanfill.Fill?
local function let_go()
  local fill = running
  running = nil
  if fill then
    drawing.clear(fill.wish.bufnr)
    keys.remove()
  end
  return fill
end

---End the fill without an edit.
---@param reason string
local function finish(reason)
  local fill = let_go()
  if fill then
    local server = vim.lsp.get_client_by_id(fill.client_id)
    if server and fill.phase == "running" and fill.request_id then
      calls.cancel(server, fill.request_id)
    elseif server and fill.phase == "preview" then
      calls.notify(server, "spanfill/didReject", { id = fill.id })
    end
    events.emit("SpanfillDiscarded", { buf = fill.wish.bufnr, id = fill.id, reason = reason })
  end
end

---Stop the running fill, or discard the previewed text.
---@return boolean # whether there was one
function M.discard()
  local there = running ~= nil
  finish("discarded")
  return there
end

---@param fill spanfill.Fill
---@param answer table
---@param encoding string
local function preview(fill, answer, encoding)
  fill.text = answer.text:gsub("\r\n?", "\n")
  fill.span = places.span(fill.wish.bufnr, answer.range, encoding)
  local span, bufnr = fill.span, fill.wish.bufnr
  local old = vim.api.nvim_buf_get_text(bufnr, span.row, span.col, span.end_row, span.end_col, {})
  if fill.text == "" or fill.text == table.concat(old, "\n") then
    finish("nothing new")
    messages.tell(fill.text == "" and "the model has nothing to put here." or "the model leaves it as it is.")
    return
  end
  fill.phase = "preview"
  local spent = answer.statistics or {}
  local hint = ("%s  (%d tokens, %d passes, %.1f s)"):format(
    key_hint(fill),
    spent.tokens or 0,
    spent.passes or 0,
    (spent.totalMs or 0) / 1000
  )
  drawing.draw(bufnr, span, slots.plain(fill.text, "SpanfillPreview"), hint)
  keys.set(bufnr, {
    { lhs = config.get().preview_keys.accept, run = M.accept, what = "accept the fill" },
    { lhs = config.get().preview_keys.regenerate, run = M.regenerate, what = "fill again" },
    { lhs = config.get().preview_keys.discard, run = M.discard, what = "discard the fill" },
  })
  local server = vim.lsp.get_client_by_id(fill.client_id)
  if server then
    calls.notify(server, "spanfill/didShow", { id = fill.id })
  end
  events.emit("SpanfillPreview", { buf = bufnr, id = fill.id, text = fill.text })
end

---@param fill spanfill.Fill
---@param encoding string
---@return lsp.Handler
local function answered(fill, encoding)
  return timings.measured("answer", function(err, answer)
    if running ~= fill then
      return
    end
    fill.request_id = nil
    if err then
      finish("failed")
      messages.warn(err.message)
    else
      preview(fill, answer, encoding)
    end
  end)
end

---@param fill spanfill.Fill
local function watch_over(fill)
  watch.text(fill.wish.bufnr, function()
    return running ~= fill
  end, function()
    if running == fill then
      finish("the text changed")
      messages.warn(STALE)
    end
  end)
  watch.request(fill.request_id --[[@as integer]], function()
    return running ~= fill or fill.request_id == nil
  end, function()
    finish("cancelled")
    messages.warn("the server gave this fill up for another request.")
  end)
end

---Begin a fill, in place of the one that runs or is previewed.
---@param wish spanfill.FillWish
function M.start(wish)
  local server = client.of(wish.bufnr)
  if not server then
    messages.warn("the server does not run for this buffer; :checkhealth spanfill tells why.")
    return
  end
  finish("another one began")
  vim.cmd.stopinsert()
  last_id = last_id + 1
  local encoding, version = server.offset_encoding, vim.lsp.util.buf_versions[wish.bufnr]
  local fill = { ---@type spanfill.Fill
    wish = wish,
    id = ("nvim-%d-%d"):format(vim.uv.os_getpid(), last_id),
    phase = "running",
    client_id = server.id,
    version = version,
    text = "",
  }
  running = fill
  fill.request_id = calls.request(server, METHOD, {
    textDocument = { uri = vim.uri_from_bufnr(wish.bufnr), version = version },
    position = places.position(wish.bufnr, wish.row, wish.col, encoding),
    range = wish.span and places.range(wish.bufnr, wish.span, encoding) or nil,
    mode = wish.mode,
    instruction = wish.instruction,
    id = fill.id,
  }, answered(fill, encoding), wish.bufnr)
  if not fill.request_id then
    finish("no server")
    messages.warn("the server is gone; :Spanfill restart starts it again.")
    return
  end
  watch_over(fill)
  drawing.note(wish.bufnr, wish.row, "spanfill reads the code around, " .. key_hint(fill))
  keys.set(wish.bufnr, {
    { lhs = config.get().preview_keys.discard, run = M.discard, what = "stop the fill" },
  })
end

---Draw a frame of the running fill; those of others are late and nothing.
---@param frame table
M.on_frame = timings.measured("frame", function(frame)
  local fill = running
  if not fill or fill.phase ~= "running" or frame.id ~= fill.id then
    return
  end
  local server = vim.lsp.get_client_by_id(fill.client_id)
  if not server or frame.textDocument.version ~= fill.version then
    return
  end
  fill.text = frame.text
  fill.span = places.span(fill.wish.bufnr, frame.range, server.offset_encoding)
  local hint = ("pass %d, %.0f tokens/s, %s"):format(frame.pass, frame.tokensPerSecond, key_hint(fill))
  drawing.draw(fill.wish.bufnr, fill.span, slots.lines(frame.slots), hint)
  events.emit("SpanfillFrame", { buf = fill.wish.bufnr, id = fill.id, pass = frame.pass, text = frame.text })
end)

---Put the previewed text in, as one undo step.
---@return boolean # whether there was a preview
function M.accept()
  if not running or running.phase ~= "preview" then
    return false
  end
  local fill = let_go() --[[@as spanfill.Fill]]
  local bufnr, span = fill.wish.bufnr, fill.span --[[@as spanfill.Span]]
  if vim.lsp.util.buf_versions[bufnr] ~= fill.version or not vim.bo[bufnr].modifiable then
    events.emit("SpanfillDiscarded", { buf = bufnr, id = fill.id, reason = "the text changed" })
    messages.warn(vim.bo[bufnr].modifiable and STALE or "this buffer can't be modified.")
    return true
  end
  local lines = vim.split(fill.text, "\n", { plain = true })
  vim.go.undolevels = vim.go.undolevels
  vim.api.nvim_buf_set_text(bufnr, span.row, span.col, span.end_row, span.end_col, lines)
  local server = vim.lsp.get_client_by_id(fill.client_id)
  if server then
    calls.notify(server, "spanfill/didAccept", { id = fill.id })
  end
  events.emit("SpanfillAccepted", { buf = bufnr, id = fill.id, text = fill.text, what = "fill" })
  return true
end

---Run the previewed fill again.
---@return boolean # whether there was one
function M.regenerate()
  if not running then
    return false
  end
  M.start(running.wish)
  return true
end

---The fill under way, for other plugins and for tests.
---@return { bufnr: integer, id: string, phase: "running"|"preview", text: string, span?: spanfill.Span }?
function M.current()
  if running then
    return {
      bufnr = running.wish.bufnr,
      id = running.id,
      phase = running.phase,
      text = running.text,
      span = running.span,
    }
  end
end

---The server ended: a running fill has nobody to answer it, a previewed one is whole.
function M.server_gone()
  if running and running.phase == "running" then
    running.request_id = nil
    finish("the server ended")
    messages.warn("the server ended; nothing was edited.")
  end
end

return M
