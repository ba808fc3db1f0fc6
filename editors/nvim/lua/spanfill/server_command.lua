--- Which program the server is. Looks on PATH; starts nothing.

local config = require("spanfill.config")

local M = {}

---@return string[]? command
---@return string? problem one sentence with what to do, where there is no command
function M.find()
  local command = config.get().cmd or { "spanfill", "serve", "--stdio" }
  if vim.fn.executable(command[1]) == 1 then
    return command, nil
  end
  -- Short enough not to stop the editor at its start with a prompt to press Enter.
  return nil, ("`%s` was not found; see :checkhealth spanfill."):format(vim.fs.basename(command[1]))
end

---The program for `spanfill doctor` and the like, which a custom `cmd` may not be able to run.
---@param ... string the words behind the program
---@return string[]? command nil where there is no such program
function M.tool(...)
  local own = config.get().cmd
  local program = own and vim.fs.basename(own[1]):match("^spanfill") and own[1] or "spanfill"
  return vim.fn.executable(program) == 1 and { program, ... } or nil
end

return M
