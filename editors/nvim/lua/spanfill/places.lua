--- Between the protocol's positions and a buffer's rows and byte columns (both from 0).

local calls = require("spanfill.calls")

local M = {}

---@class spanfill.Span
---@field row integer
---@field col integer byte column
---@field end_row integer
---@field end_col integer byte column, exclusive

---@param bufnr integer
---@param row integer
---@return string # empty past the buffer's end
function M.line(bufnr, row)
  return vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ""
end

---@param bufnr integer
---@param range lsp.Range
---@param encoding string
---@return spanfill.Span # inside the buffer, wherever the range points
function M.span(bufnr, range, encoding)
  local row, col = M.place(bufnr, range.start, encoding)
  local end_row, end_col = M.place(bufnr, range["end"], encoding)
  return { row = row, col = col, end_row = end_row, end_col = end_col }
end

---@param bufnr integer
---@param position lsp.Position
---@param encoding string
---@return integer row
---@return integer col
function M.place(bufnr, position, encoding)
  local last = vim.api.nvim_buf_line_count(bufnr) - 1
  if position.line > last then
    return last, #M.line(bufnr, last)
  end
  return position.line, calls.byte_index(M.line(bufnr, position.line), position.character, encoding)
end

---@param bufnr integer
---@param row integer
---@param col integer
---@param encoding string
---@return lsp.Position
function M.position(bufnr, row, col, encoding)
  return { line = row, character = calls.character_index(M.line(bufnr, row), col, encoding) }
end

---@param bufnr integer
---@param span spanfill.Span
---@param encoding string
---@return lsp.Range
function M.range(bufnr, span, encoding)
  return {
    start = M.position(bufnr, span.row, span.col, encoding),
    ["end"] = M.position(bufnr, span.end_row, span.end_col, encoding),
  }
end

---@return integer row the cursor's, in the current window
---@return integer col
function M.cursor()
  local cursor = vim.api.nvim_win_get_cursor(0)
  return cursor[1] - 1, cursor[2]
end

return M
