--- One suggestion, and what of it is left as the text changes. Pure but for reading the buffer; draws nothing.
---
--- A suggestion begins at an anchor. It fits as long as the text between the anchor and the cursor is its
--- beginning; the tail is what comes then. What stands between the cursor and `after` (blanks, or brackets that
--- the editor closed by itself) gives way to the tail when the suggestion is accepted.

local places = require("spanfill.places")

local M = {}

---@class spanfill.Suggestion
---@field id string
---@field bufnr integer
---@field row integer the anchor
---@field col integer
---@field text string from the anchor on
---@field after string what follows the replaced range on its line
---@field lead? spanfill.Lead another indentation that comes with it

---@class spanfill.Lead
---@field col integer where the indentation begins
---@field old string what stands there now
---@field new string what the suggestion has instead

---@class spanfill.Rest
---@field row integer the cursor
---@field col integer
---@field tail string the text still to come
---@field between string what the tail replaces

---@param text string
---@return string # with the line breaks that buffers have
local function unix(text)
  return (text:gsub("\r\n?", "\n"))
end

---A suggestion from a server's item.
---@param item lsp.InlineCompletionItem
---@param bufnr integer
---@param row integer the cursor
---@param col integer
---@param encoding string
---@return spanfill.Suggestion? # nil where it can't be shown at this cursor
function M.from_item(item, bufnr, row, col, encoding)
  local text = type(item.insertText) == "table" and item.insertText.value or item.insertText
  text = unix(text --[[@as string]])
  local span = item.range and places.span(bufnr, item.range, encoding)
    or { row = row, col = col, end_row = row, end_col = col }
  if span.row ~= row or span.end_row ~= row or span.col > col or span.end_col < col then
    return nil
  end
  local line = places.line(bufnr, row)
  local typed = line:sub(span.col + 1, col)
  local found = { ---@type spanfill.Suggestion
    id = vim.tbl_get(item, "command", "arguments", 1) or "",
    bufnr = bufnr,
    row = row,
    col = span.col,
    text = text,
    after = line:sub(span.end_col + 1),
  }
  if not vim.startswith(text, typed) then
    if typed:find("%S") then
      return nil
    end
    local indentation = text:match("^[ \t]*")
    found.lead = { col = span.col, old = typed, new = indentation }
    found.col, found.text = col, text:sub(#indentation + 1)
  end
  return found
end

---@param text string
---@return string[]
local function characters(text)
  local found = {}
  for char in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    found[#found + 1] = char
  end
  return found
end

---Where the characters of `between` come in `tail`, in their order.
---@param tail string
---@param between string
---@return integer[]? # byte offset in `tail` of each of its characters; nil where they don't all come
function M.alignment(tail, between)
  local at, from = {}, 1
  for _, char in ipairs(characters(between)) do
    local first, last = tail:find(char, from, true)
    if not first then
      return nil
    end
    at[#at + 1] = first - 1
    from = last + 1
  end
  return at
end

---@param tail string
---@param between string
---@return boolean # whether a tail can take the place of what stands there
local function replaces(tail, between)
  return not between:find("%S") or M.alignment(tail, between) ~= nil
end

---What is left of a suggestion at a cursor.
---@param suggestion spanfill.Suggestion
---@param row integer
---@param col integer
---@return spanfill.Rest? # nil where it does not fit any more, or nothing of it is left
function M.rest(suggestion, row, col)
  if row < suggestion.row or (row == suggestion.row and col < suggestion.col) then
    return nil
  end
  local typed_lines =
    vim.api.nvim_buf_get_text(suggestion.bufnr, suggestion.row, suggestion.col, row, col, {})
  local typed = table.concat(typed_lines, "\n")
  if not vim.startswith(suggestion.text, typed) then
    return nil
  end
  local lead = suggestion.lead
  if lead and places.line(suggestion.bufnr, suggestion.row):sub(lead.col + 1, suggestion.col) ~= lead.old then
    return nil
  end
  local line = places.line(suggestion.bufnr, row)
  if not vim.endswith(line, suggestion.after) or #line - #suggestion.after < col then
    return nil
  end
  local tail = suggestion.text:sub(#typed + 1)
  local between = line:sub(col + 1, #line - #suggestion.after)
  if tail == between or not replaces(tail, between) then
    return nil
  end
  return { row = row, col = col, tail = tail, between = between }
end

---The first word of a tail, with the blanks and line breaks before it.
---@param tail string
---@return string
function M.word(tail)
  local blank = tail:match("^%s*")
  local rest = tail:sub(#blank + 1)
  local word = rest:match("^[%w_\128-\255]+") or rest:match("^[^%w_%s\128-\255]+") or ""
  return blank .. word
end

---The first line of a tail; where the cursor's line is complete, the line break and the next line.
---@param tail string
---@return string
function M.line(tail)
  return tail:match("^[^\n]+") or tail:match("^\n[^\n]*") or tail
end

---How much of what stands behind the cursor goes when a part of the tail is put in.
---@param rest spanfill.Rest
---@param part string
---@return integer # bytes
function M.replaced_by(rest, part)
  local tail = rest.tail:sub(#part + 1)
  if tail == "" then
    return #rest.between
  end
  local gone = 0
  while gone < #rest.between and not M.alignment(tail, rest.between:sub(gone + 1)) do
    gone = gone + #rest.between:sub(gone + 1):match("^[%z\1-\127\194-\244]?[\128-\191]*")
  end
  return gone
end

return M
