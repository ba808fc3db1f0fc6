--- Explains code in words, in a window of its own.

local calls = require("spanfill.calls")
local client = require("spanfill.client")
local events = require("spanfill.events")
local messages = require("spanfill.messages")
local places = require("spanfill.places")
local window = require("spanfill.window")

local M = {}

local waiting = 0

---@return boolean # whether one is on its way: the server tells it as a message too
function M.expected()
  return waiting > 0
end

---@param bufnr integer
---@param span spanfill.Span
function M.start(bufnr, span)
  local server = client.of(bufnr)
  if not server then
    messages.warn("the server does not run for this buffer; :checkhealth spanfill tells why.")
    return
  end
  -- The server answers one request at a time: a fill would be given up for this one.
  require("spanfill.canvas").discard()
  waiting = waiting + 1
  local function answered(err, text)
    waiting = waiting - 1
    if err then
      messages.warn(err.message)
    elseif type(text) ~= "string" or text == "" then
      messages.tell("the model has nothing to say here.")
    else
      window.show("spanfill explains", vim.split(text:gsub("\r", ""), "\n", { plain = true }), "markdown")
      events.emit("SpanfillExplained", { buf = bufnr, text = text })
    end
  end
  local wish = {
    textDocument = { uri = vim.uri_from_bufnr(bufnr), version = vim.lsp.util.buf_versions[bufnr] },
    range = places.range(bufnr, span, server.offset_encoding),
  }
  local params = { command = "spanfill.explain", arguments = { wish } }
  if calls.request(server, "workspace/executeCommand", params, answered, bufnr) then
    messages.tell("explaining…")
  else
    waiting = waiting - 1
    messages.warn("the server is gone; :Spanfill restart starts it again.")
  end
end

return M
