--- Where new lines go over old ones: drawn over the region's own lines, below them where there are more. Pure.

local cells = require("spanfill.cells")

local M = {}

---@class spanfill.Over
---@field row integer
---@field col integer
---@field chunks spanfill.Chunk[] as wide as what they cover, or wider

---@class spanfill.Layout
---@field over spanfill.Over[] one for each old line that a new one covers
---@field below spanfill.Chunk[][] lines that have no old one to cover
---@field uncovered integer the first row of the region that no new line covers; past its end where all are

---@param chunks spanfill.Chunk[]
---@param column integer where they begin
---@param tabstop integer
---@return spanfill.Chunk[] chunks without tabs
---@return integer column where they end
local function untabbed(chunks, column, tabstop)
  local made = {}
  for index, chunk in ipairs(chunks) do
    local text = cells.untabbed(chunk[1], column, tabstop)
    column = column + vim.api.nvim_strwidth(text)
    made[index] = { text, chunk[2] }
  end
  return made, column
end

---Lay new lines over a region.
---@param old string[] the region's lines, whole
---@param span spanfill.Span the region
---@param new spanfill.Chunk[][]
---@param tabstop integer
---@return spanfill.Layout
function M.place(old, span, new, tabstop)
  local suffix = old[#old]:sub(span.end_col + 1)
  local over, below = {}, {}
  for index, line in ipairs(new) do
    local row = span.row + index - 1
    local chunks = vim.list_slice(line)
    if index == #new and suffix ~= "" then
      chunks[#chunks + 1] = { suffix, "SpanfillGhostKept" }
    end
    if row <= span.end_row then
      local covered, col = old[index], index == 1 and span.col or 0
      local from = cells.column(covered, col, tabstop)
      local drawn, column = untabbed(chunks, from, tabstop)
      local missing = cells.column(covered, #covered, tabstop) - column
      if missing > 0 then
        drawn[#drawn + 1] = { (" "):rep(missing), "SpanfillGhostKept" }
      end
      over[#over + 1] = { row = row, col = col, chunks = drawn }
    else
      below[#below + 1] = untabbed(chunks, 0, tabstop)
    end
  end
  return { over = over, below = below, uncovered = span.row + #new }
end

return M
