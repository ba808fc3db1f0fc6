--- Ghost text drawn by Neovim 0.12's |vim.lsp.inline_completion|, under the plugin's own keys.
--- Uses what that module documents and nothing else of it.

local calls = require("spanfill.calls")
local client = require("spanfill.client")
local edit = require("spanfill.ghost.edit")
local events = require("spanfill.events")
local parts = require("spanfill.ghost.parts")
local places = require("spanfill.places")
local suggestions = require("spanfill.ghost.suggestion")

local M = {}

---@return boolean # whether this Neovim has it
function M.available()
  return vim.lsp.inline_completion ~= nil
end

---@param bufnr integer
---@return boolean # whether it draws in a buffer
function M.enabled(bufnr)
  return M.available() and vim.lsp.inline_completion.is_enabled({ bufnr = bufnr })
end

---@param bufnr integer
function M.enable(bufnr)
  if M.available() and not M.enabled(bufnr) then
    vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
  end
end

---@param item vim.lsp.inline_completion.Item
---@param row integer the cursor
---@param col integer
---@return spanfill.Suggestion?
local function suggestion_of(item, row, col)
  local server = vim.lsp.get_client_by_id(item.client_id)
  if not server then
    return nil
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local range ---@type lsp.Range?
  if item.range then
    local start_row, start_col, end_row, end_col = item.range:to_extmark()
    local span = { row = start_row, col = start_col, end_row = end_row, end_col = end_col }
    range = places.range(bufnr, span, server.offset_encoding)
  end
  local raw = { insertText = item.insert_text, range = range, command = item.command }
  return suggestions.from_item(raw, bufnr, row, col, server.offset_encoding)
end

---@param what "all"|"word"|"line"
---@return boolean # whether there was anything to accept
local function accept(what)
  if not M.available() then
    return false
  end
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local row, col = places.cursor()
      local suggestion = suggestion_of(item, row, col)
      local rest = suggestion and suggestions.rest(suggestion, row, col)
      if not suggestion or not rest then
        return what == "all" and item or nil
      end
      local part = parts[what](rest.tail)
      edit.put_in(suggestion, rest, part)
      local server = client.of(suggestion.bufnr)
      if server then
        calls.notify(
          server,
          "spanfill/didAccept",
          { id = suggestion.id, acceptedLength = vim.fn.strchars(part) }
        )
      end
      events.emit(
        "SpanfillAccepted",
        { buf = suggestion.bufnr, id = suggestion.id, text = part, what = what }
      )
    end,
  })
end

---@return boolean
function M.accept()
  return accept("all")
end

---@return boolean
function M.accept_word()
  return accept("word")
end

---@return boolean
function M.accept_line()
  return accept("line")
end

---@return boolean # whether there was anything to dismiss
function M.dismiss()
  return M.available()
    and vim.lsp.inline_completion.get({
      on_accept = function()
        return nil
      end,
    })
end

---@param step 1|-1
function M.cycle(step)
  if M.available() then
    vim.lsp.inline_completion.select({ count = step })
  end
end

return M
