--- What the user is told: one line each, never the same one twice in a row while nothing else was said.

local M = {}

---@type string?
local last_once

---@param text string one sentence: what happened and what to do
---@param level? integer of `vim.log.levels`; information where it is absent
function M.tell(text, level)
  vim.notify("spanfill: " .. text, level or vim.log.levels.INFO, { title = "spanfill" })
end

---@param text string
function M.warn(text)
  M.tell(text, vim.log.levels.WARN)
end

---@param text string
function M.fail(text)
  M.tell(text, vim.log.levels.ERROR)
end

---A warning that is repeated only after another one: what every opened buffer would say again.
---@param text string
function M.warn_once(text)
  if text ~= last_once then
    last_once = text
    M.warn(text)
  end
end

return M
