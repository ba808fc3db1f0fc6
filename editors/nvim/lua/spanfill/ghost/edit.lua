--- Puts a suggestion, or a part of one, into the text. Used by whoever draws it.

local places = require("spanfill.places")
local suggestions = require("spanfill.ghost.suggestion")

local M = {}

---Put a part of what is left of a suggestion at the cursor of the current window; the cursor goes behind it.
---@param suggestion spanfill.Suggestion
---@param rest spanfill.Rest
---@param part string the beginning of `rest.tail`
function M.put_in(suggestion, rest, part)
  local start_col, text = rest.col, part
  local lead = suggestion.lead
  if lead and rest.row == suggestion.row then
    local line = places.line(suggestion.bufnr, rest.row)
    start_col, text = lead.col, lead.new .. line:sub(suggestion.col + 1, rest.col) .. part
  end
  local lines = vim.split(text, "\n", { plain = true })
  local end_col = rest.col + suggestions.replaced_by(rest, part)
  -- What was typed before stays when this is undone.
  vim.go.undolevels = vim.go.undolevels
  vim.api.nvim_buf_set_text(suggestion.bufnr, rest.row, start_col, rest.row, end_col, lines)
  if lead then
    suggestion.col, suggestion.lead = lead.col + #lead.new, nil
  end
  local last_col = (#lines == 1 and start_col or 0) + #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { rest.row + #lines, last_col })
end

return M
