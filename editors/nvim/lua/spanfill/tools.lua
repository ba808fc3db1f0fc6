--- Runs the `spanfill` program beside the editor: what the server can't answer itself.

local config = require("spanfill.config")
local messages = require("spanfill.messages")
local server_command = require("spanfill.server_command")

local M = {}

---Run `spanfill WORDS…` without blocking; a missing program is told.
---@param words string[]
---@param take fun(done: vim.SystemCompleted)
function M.run(words, take)
  local command = server_command.tool(unpack(words))
  if not command then
    messages.warn("there is no `spanfill` on PATH; :checkhealth spanfill tells what to do.")
    return
  end
  vim.system(command, { text = true, env = config.get().env }, vim.schedule_wrap(take))
end

return M
