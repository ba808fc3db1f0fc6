--- Asking the server for suggestions: after a pause, one at a time, the newest one.

local calls = require("spanfill.calls")
local client = require("spanfill.client")
local config = require("spanfill.config")
local places = require("spanfill.places")
local timings = require("spanfill.timings")

local M = {}

local METHOD = "textDocument/inlineCompletion"
M.INVOKED, M.AUTOMATIC = 1, 2

---@class spanfill.Answer
---@field bufnr integer
---@field items lsp.InlineCompletionItem[]
---@field row integer the cursor
---@field col integer
---@field encoding string
---@field invoked boolean
---@field fault? string the server's sentence, where it failed

---@class spanfill.Pending
---@field client_id integer
---@field request_id integer
---@field kind 1|2
---@field bufnr integer
---@field tick integer the text it was asked for
---@field row integer the cursor then
---@field col integer

local timer = assert(vim.uv.new_timer())
---@type spanfill.Pending?
local pending

---@return boolean # whether an answer is awaited
function M.pending()
  return pending ~= nil or timer:is_active()
end

---Nothing is wanted any more, neither what waits for its turn nor what the server works on.
function M.cancel()
  timer:stop()
  if pending then
    local asked = vim.lsp.get_client_by_id(pending.client_id)
    if asked then
      calls.cancel(asked, pending.request_id)
    end
    pending = nil
  end
end

---@param asked spanfill.Pending
---@return boolean # whether the user is where its answer belongs
local function still_there(asked)
  local bufnr = vim.api.nvim_get_current_buf()
  if bufnr ~= asked.bufnr or vim.api.nvim_buf_get_changedtick(bufnr) ~= asked.tick then
    return false
  end
  local row, col = places.cursor()
  return row == asked.row and col == asked.col and vim.api.nvim_get_mode().mode:sub(1, 1) == "i"
end

---Ask at the cursor now, in place of whatever was asked before.
---@param kind 1|2
---@param take fun(answer: spanfill.Answer) called unless the text, the cursor or the mode changed meanwhile
function M.ask(kind, take)
  M.cancel()
  local started = vim.uv.hrtime()
  local bufnr = vim.api.nvim_get_current_buf()
  local server = client.of(bufnr)
  if not server then
    return
  end
  local row, col = places.cursor()
  local encoding = server.offset_encoding
  local mine = { ---@type spanfill.Pending
    client_id = server.id,
    request_id = -1,
    kind = kind,
    bufnr = bufnr,
    tick = vim.api.nvim_buf_get_changedtick(bufnr),
    row = row,
    col = col,
  }
  local function answered(err, result)
    if pending ~= mine then
      return
    end
    pending = nil
    if still_there(mine) then
      take({
        bufnr = bufnr,
        items = result and (result.items or result) or {},
        row = row,
        col = col,
        encoding = encoding,
        invoked = kind == M.INVOKED,
        fault = err and err.message,
      })
    end
  end
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    position = places.position(bufnr, row, col, encoding),
    context = { triggerKind = kind },
  }
  pending = mine
  local id = calls.request(server, METHOD, params, timings.measured("answer", answered), bufnr)
  if id then
    mine.request_id = id
  else
    pending = nil
  end
  timings.add("request", started)
end

---Ask unasked-for once the keys have rested, in place of whatever was asked before; what was asked by hand
---for this very text and cursor is left alone.
---@param take fun(answer: spanfill.Answer)
function M.soon(take)
  if pending and pending.kind == M.INVOKED and still_there(pending) then
    return
  end
  M.cancel()
  local bufnr = vim.api.nvim_get_current_buf()
  timer:start(
    config.get().debounce_ms,
    0,
    vim.schedule_wrap(function()
      -- A key that came between the timer and now has started it again.
      if not timer:is_active() and vim.api.nvim_get_current_buf() == bufnr then
        if vim.api.nvim_get_mode().mode:sub(1, 1) == "i" then
          M.ask(M.AUTOMATIC, take)
        end
      end
    end)
  )
end

return M
