--- User autocommands: how statuslines, other plugins and tests hear what happens here.
--- Each comes with `data`; knows nothing of who listens.

local M = {}

---What each event tells, in the order of the help file: name, when it fires, keys of its `data`.
---@type { name: string, when: string, data: string }[]
M.ALL = {
  {
    name = "SpanfillStatus",
    when = "the server's state changed",
    data = "the fields of |spanfill.status()|",
  },
  { name = "SpanfillShown", when = "ghost text came on screen or changed", data = "buf, id, text" },
  { name = "SpanfillHidden", when = "ghost text left the screen", data = "buf, id" },
  { name = "SpanfillNothing", when = "a suggestion was asked for and none came", data = "buf, invoked" },
  { name = "SpanfillFrame", when = "a fill's canvas was drawn anew", data = "buf, id, pass, text" },
  { name = "SpanfillPreview", when = "a fill is done and waits for a decision", data = "buf, id, text" },
  {
    name = "SpanfillAccepted",
    when = "text was put in",
    data = "buf, id, text, what (all, word, line, fill)",
  },
  { name = "SpanfillDiscarded", when = "a fill ended and nothing was put in", data = "buf, id, reason" },
  { name = "SpanfillExplained", when = "an explanation is shown", data = "buf, text" },
}

---Fire one of the events above.
---@param name string
---@param data table<string, any>
function M.emit(name, data)
  vim.api.nvim_exec_autocmds("User", { pattern = name, modeline = false, data = data })
end

return M
