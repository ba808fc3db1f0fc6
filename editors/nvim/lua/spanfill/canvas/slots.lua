--- A frame's slots as lines of highlighted text. Pure.

local M = {}

---@alias spanfill.Chunk [string, string] text and highlight group
---@alias spanfill.Slot { text: string, state: "masked"|"draft"|"committed" }

local GROUPS = { masked = "SpanfillMasked", draft = "SpanfillDraft", committed = "SpanfillSettled" }

---@param line spanfill.Chunk[]
---@param text string
---@param group string
local function add(line, text, group)
  local last = line[#line]
  if text == "" then
    return
  elseif last and last[2] == group then
    last[1] = last[1] .. text
  else
    line[#line + 1] = { text, group }
  end
end

---@param slots spanfill.Slot[]
---@return spanfill.Chunk[][] # at least one line, which may be empty
function M.lines(slots)
  local lines = { {} }
  for _, slot in ipairs(slots) do
    local group = GROUPS[slot.state] or GROUPS.draft
    for index, text in ipairs(vim.split(slot.text:gsub("\r", ""), "\n", { plain = true })) do
      if index > 1 then
        lines[#lines + 1] = {}
      end
      add(lines[#lines], text, group)
    end
  end
  return lines
end

---@param text string
---@param group string
---@return spanfill.Chunk[][]
function M.plain(text, group)
  return vim.tbl_map(function(line)
    return line == "" and {} or { { line, group } }
  end, vim.split(text, "\n", { plain = true }))
end

return M
