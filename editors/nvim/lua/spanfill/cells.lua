--- Text as screen cells: widths, tabs. Virtual text shows a tab as one odd sign, so tabs become spaces.

local M = {}

---Spaces in place of tabs, up to the tab stops that the text meets from a screen column on.
---@param text string one line
---@param from integer screen column at which it begins, from 0
---@param tabstop integer
---@return string
function M.untabbed(text, from, tabstop)
  if not text:find("\t", 1, true) then
    return text
  end
  local parts, column = {}, from
  for plain, tab in text:gmatch("([^\t]*)(\t?)") do
    parts[#parts + 1] = plain
    column = column + vim.api.nvim_strwidth(plain)
    if tab ~= "" then
      local width = tabstop - column % tabstop
      parts[#parts + 1] = (" "):rep(width)
      column = column + width
    end
  end
  return table.concat(parts)
end

---@param line string
---@param col integer byte column
---@param tabstop integer
---@return integer # the screen column at which that byte begins, from 0
function M.column(line, col, tabstop)
  return vim.api.nvim_strwidth(M.untabbed(line:sub(1, col), 0, tabstop))
end

return M
