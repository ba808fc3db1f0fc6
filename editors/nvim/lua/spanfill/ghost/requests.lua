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

local timer = assert(vim.uv.new_timer())
---@type { client_id: integer, request_id: integer }?
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

---@param bufnr integer
---@param tick integer
---@param row integer
---@param col integer
---@return boolean # whether the user is where an answer belongs
local function still_there(bufnr, tick, row, col)
  if vim.api.nvim_get_current_buf() ~= bufnr or vim.api.nvim_buf_get_changedtick(bufnr) ~= tick then
    return false
  end
  local now_row, now_col = places.cursor()
  return now_row == row and now_col == col and vim.api.nvim_get_mode().mode:sub(1, 1) == "i"
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
  local tick, encoding = vim.api.nvim_buf_get_changedtick(bufnr), server.offset_encoding
  local mine = {} ---@type { client_id: integer, request_id: integer }
  local function answered(err, result)
    if pending ~= mine then
      return
    end
    pending = nil
    if still_there(bufnr, tick, row, col) then
      local items = result and (result.items or result) or {}
      take({
        bufnr = bufnr,
        items = items,
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
    mine.client_id, mine.request_id = server.id, id
  else
    pending = nil
  end
  timings.add("request", started)
end

---Ask unasked-for once the keys have rested, in place of whatever was asked before.
---@param take fun(answer: spanfill.Answer)
function M.soon(take)
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
