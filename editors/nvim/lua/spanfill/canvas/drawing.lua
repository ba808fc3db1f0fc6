--- Draws a canvas over its region with extmarks. The text itself is not touched.

local layout = require("spanfill.canvas.layout")

local M = {}

M.NAMESPACE = vim.api.nvim_create_namespace("spanfill.canvas")

local PRIORITY = 2000

---@param bufnr integer
function M.clear(bufnr)
  if vim.api.nvim_buf_is_valid(bufnr) then
    vim.api.nvim_buf_clear_namespace(bufnr, M.NAMESPACE, 0, -1)
  end
end

---Draw new lines over a region, in place of what is drawn there now.
---@param bufnr integer
---@param span spanfill.Span
---@param new spanfill.Chunk[][]
---@param hint string shown below
function M.draw(bufnr, span, new, hint)
  M.clear(bufnr)
  local old = vim.api.nvim_buf_get_lines(bufnr, span.row, span.end_row + 1, false)
  local placed = layout.place(old, span, new, vim.bo[bufnr].tabstop)
  for _, over in ipairs(placed.over) do
    vim.api.nvim_buf_set_extmark(bufnr, M.NAMESPACE, over.row, over.col, {
      virt_text = over.chunks,
      virt_text_pos = "overlay",
      hl_mode = "replace",
      priority = PRIORITY,
    })
  end
  if placed.uncovered <= span.end_row then
    vim.api.nvim_buf_set_extmark(bufnr, M.NAMESPACE, placed.uncovered, 0, {
      end_row = span.end_row,
      end_col = span.end_col,
      hl_group = "SpanfillReplaced",
      priority = PRIORITY,
    })
  end
  local below = placed.below
  below[#below + 1] = { { hint, "SpanfillHint" } }
  vim.api.nvim_buf_set_extmark(
    bufnr,
    M.NAMESPACE,
    span.end_row,
    0,
    { virt_lines = below, priority = PRIORITY }
  )
end

---Say something below a row: where it isn't known yet what is filled.
---@param bufnr integer
---@param row integer
---@param hint string
function M.note(bufnr, row, hint)
  M.clear(bufnr)
  local line = { { hint, "SpanfillHint" } }
  vim.api.nvim_buf_set_extmark(bufnr, M.NAMESPACE, row, 0, { virt_lines = { line }, priority = PRIORITY })
end

return M
