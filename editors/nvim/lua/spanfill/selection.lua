--- What a command or a key is about: the selection, a range of lines, or nothing but the cursor.

local places = require("spanfill.places")

local M = {}

local ESCAPE = vim.keycode("<Esc>")

---@param bufnr integer
---@param first integer line, from 1
---@param last integer
---@return spanfill.Span # whole lines, without the last one's line break
function M.lines(bufnr, first, last)
  return { row = first - 1, col = 0, end_row = last - 1, end_col = #places.line(bufnr, last - 1) }
end

---@param bufnr integer
---@param start integer[] line (from 1) and column (from 1) of one end
---@param stop integer[] the same of the other
---@return spanfill.Span # charwise, both ends included
local function characters(bufnr, start, stop)
  if start[1] > stop[1] or (start[1] == stop[1] and start[2] > stop[2]) then
    start, stop = stop, start
  end
  local line = places.line(bufnr, stop[1] - 1)
  local last = line:sub(stop[2]):match("^[%z\1-\127\194-\244][\128-\191]*") or ""
  return {
    row = start[1] - 1,
    col = start[2] - 1,
    end_row = stop[1] - 1,
    end_col = math.min(stop[2] - 1 + #last, #line),
  }
end

---The selection of Visual mode, which ends with that; nil in other modes. Of a block its lines are taken.
---@return spanfill.Span?
function M.visual()
  local mode = vim.api.nvim_get_mode().mode:sub(1, 1)
  if mode ~= "v" and mode ~= "V" and mode ~= "\22" then
    return nil
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local start, stop = vim.fn.getpos("v"), vim.fn.getpos(".")
  vim.cmd("normal! " .. ESCAPE)
  if mode == "v" then
    return characters(bufnr, { start[2], start[3] }, { stop[2], stop[3] })
  end
  return M.lines(bufnr, math.min(start[2], stop[2]), math.max(start[2], stop[2]))
end

---The range of an Ex command: the characters of the last selection where the range is `'<,'>` of one.
---@param args { range: integer, line1: integer, line2: integer }
---@return spanfill.Span? # nil where the command has no range
function M.of_command(args)
  if args.range == 0 then
    return nil
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local start, stop = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  local selected = args.line1 == start[2] and args.line2 == stop[2] and vim.fn.visualmode() == "v"
  if args.range == 2 and selected then
    return characters(bufnr, { start[2], start[3] }, { stop[2], stop[3] })
  end
  return M.lines(bufnr, args.line1, args.line2)
end

---@return spanfill.Span # the cursor's line
function M.cursor_line()
  local row = places.cursor()
  return M.lines(vim.api.nvim_get_current_buf(), row + 1, row + 1)
end

return M
