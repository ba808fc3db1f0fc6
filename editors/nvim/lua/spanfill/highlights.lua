--- The highlight groups. Each links to a group that every colour scheme has; a user's own definition wins.

local M = {}

---@type { name: string, link: string, what: string }[]
M.ALL = {
  { name = "SpanfillGhost", link = "Comment", what = "ghost text" },
  { name = "SpanfillGhostKept", link = "Normal", what = "text that is there already and would move down" },
  { name = "SpanfillMasked", link = "NonText", what = "slots of a canvas that hold nothing yet" },
  { name = "SpanfillDraft", link = "Comment", what = "slots with a draft, which may change" },
  { name = "SpanfillSettled", link = "Added", what = "slots that are settled" },
  { name = "SpanfillPreview", link = "DiffAdd", what = "a finished fill, before it is accepted" },
  { name = "SpanfillReplaced", link = "DiffDelete", what = "old lines that a fill leaves nothing of" },
  { name = "SpanfillHint", link = "Comment", what = "what is said beside a canvas: keys, speed" },
}

local function define()
  for _, group in ipairs(M.ALL) do
    vim.api.nvim_set_hl(0, group.name, { link = group.link, default = true })
  end
end

---Define them, now and after each change of the colour scheme.
function M.enable()
  define()
  local group = vim.api.nvim_create_augroup("spanfill.highlights", { clear = true })
  vim.api.nvim_create_autocmd("ColorScheme", { group = group, callback = define })
end

return M
