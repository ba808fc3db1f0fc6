--- Puts the rest of a suggestion on screen with extmarks. Decides nothing: it draws what it is given.

local cells = require("spanfill.cells")
local places = require("spanfill.places")
local suggestions = require("spanfill.ghost.suggestion")

local M = {}

M.NAMESPACE = vim.api.nvim_create_namespace("spanfill.ghost")

local PRIORITY = 1000

---@param bufnr integer
function M.clear(bufnr)
  if vim.api.nvim_buf_is_valid(bufnr) then
    vim.api.nvim_buf_clear_namespace(bufnr, M.NAMESPACE, 0, -1)
  end
end

---@param bufnr integer
---@param row integer
---@param col integer
---@param chunks [string, string][]
---@param position "inline"|"overlay"
---@param below? [string, string][][] the lines under it
local function mark(bufnr, row, col, chunks, position, below)
  vim.api.nvim_buf_set_extmark(bufnr, M.NAMESPACE, row, col, {
    virt_text = chunks,
    virt_text_pos = position,
    virt_lines = below,
    -- Combined, it would take the colours of the cell it stands before, such as a matched bracket's.
    hl_mode = "replace",
    priority = PRIORITY,
    strict = false,
  })
end

---A line of ghost text that ends in text which is there already, as when a bracket moves to a line of its own.
---@param line string
---@param kept string
---@return [string, string][]
local function last_line(line, kept)
  if kept ~= "" and vim.endswith(line, kept) then
    return { { line:sub(1, #line - #kept), "SpanfillGhost" }, { kept, "SpanfillGhostKept" } }
  end
  return { { line, "SpanfillGhost" } }
end

---@param bufnr integer
---@param rest spanfill.Rest
---@param at integer[] where in the tail each character stands that is there already
---@param column integer
---@param tabstop integer
local function draw_between(bufnr, rest, at, column, tabstop)
  local drawn, col = 0, rest.col
  for _, offset in ipairs(at) do
    local char = rest.tail:sub(offset + 1):match("^[%z\1-\127\194-\244][\128-\191]*")
    local piece = cells.untabbed(rest.tail:sub(drawn + 1, offset), column, tabstop)
    if piece ~= "" then
      mark(bufnr, rest.row, col, { { piece, "SpanfillGhost" } }, "inline")
    end
    column = column + vim.api.nvim_strwidth(piece .. char)
    drawn, col = offset + #char, col + #char
  end
  local last = cells.untabbed(rest.tail:sub(drawn + 1), column, tabstop)
  if last ~= "" then
    mark(bufnr, rest.row, col, { { last, "SpanfillGhost" } }, "inline")
  end
end

---Draw what is left of a suggestion, in place of what is drawn in the buffer now.
---@param bufnr integer
---@param rest spanfill.Rest
---@param note? string shown behind the text, such as "2/3"
function M.draw(bufnr, rest, note)
  M.clear(bufnr)
  local tabstop = vim.bo[bufnr].tabstop
  local line = places.line(bufnr, rest.row)
  local column = cells.column(line, rest.col, tabstop)
  local lines = vim.split(rest.tail, "\n", { plain = true })
  local visible = rest.between:find("%S") ~= nil
  local at = visible and #lines == 1 and suggestions.alignment(rest.tail, rest.between)
  if at then
    draw_between(bufnr, rest, at, column, tabstop)
    if note then
      mark(bufnr, rest.row, #line, { { "  " .. note, "SpanfillHint" } }, "inline")
    end
    return
  end

  local first = cells.untabbed(lines[1], column, tabstop)
  local chunks = { { first, "SpanfillGhost" } }
  if visible then
    -- Text behind the cursor moves to the last line: until then the first line is drawn over it.
    local old = cells.column(line, #line, tabstop) - column
    chunks[2] = { (" "):rep(old - vim.api.nvim_strwidth(first)), "SpanfillGhost" }
  end
  if note then
    chunks[#chunks + 1] = { "  " .. note, "SpanfillHint" }
  end
  local below = {}
  for index = 2, #lines do
    local shown = cells.untabbed(lines[index], 0, tabstop)
    below[#below + 1] = last_line(shown, index == #lines and rest.between or "")
  end
  mark(bufnr, rest.row, rest.col, chunks, visible and "overlay" or "inline", #below > 0 and below or nil)
end

return M
