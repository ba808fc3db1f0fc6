--- `:checkhealth spanfill`: everything that has to be right, and what to do where it isn't.

local builtin = require("spanfill.ghost.builtin")
local client = require("spanfill.client")
local config = require("spanfill.config")
local server_command = require("spanfill.server_command")
local status = require("spanfill.status")

local M = {}

local PATIENCE_MS = 20000

---@param words string[]
---@return vim.SystemCompleted? # nil where the program isn't there or does not answer
local function ask(words)
  local command = server_command.tool(unpack(words))
  if not command then
    return nil
  end
  local ok, done = pcall(function()
    return vim.system(command, { text = true, env = config.get().env }):wait(PATIENCE_MS)
  end)
  return ok and done.code == 0 and done or nil
end

local function check_editor()
  vim.health.start("spanfill: editor")
  if vim.fn.has("nvim-0.10") == 1 then
    vim.health.ok("Neovim " .. tostring(vim.version()))
  else
    vim.health.error("Neovim is too old", "Install 0.10 or newer.")
  end
  local complaint = config.complaint()
  if complaint then
    vim.health.warn(
      complaint,
      "Correct what `setup()` is given; :help spanfill-settings lists what there is."
    )
  else
    vim.health.ok("settings are right")
  end
end

local function check_models()
  local done = ask({ "models", "list", "--json" })
  local ok, models = pcall(vim.json.decode, done and done.stdout or "")
  if not ok then
    vim.health.warn("the installed models can't be listed", "Run `spanfill doctor` in a shell.")
    return
  end
  local names = {}
  for _, model in ipairs(models) do
    if model.installed then
      names[#names + 1] = model.name
    end
  end
  if #names > 0 then
    vim.health.ok("models: " .. table.concat(names, ", "))
  else
    vim.health.warn(
      "no model is installed",
      "Run `spanfill models pull` in a shell; it fetches the default one."
    )
  end
end

local function check_program()
  vim.health.start("spanfill: program")
  local command = server_command.find()
  if not command then
    vim.health.error("the server's program was not found", {
      "Install spanfill and see that its `spanfill` is on PATH,",
      'or set `cmd`, such as { "/path/to/.venv/bin/spanfill", "serve", "--stdio" },',
      "then run :Spanfill restart.",
    })
    return
  end
  vim.health.ok("command: " .. table.concat(command, " "))
  local done = ask({ "--version" })
  if done then
    vim.health.ok(vim.trim(done.stdout))
    check_models()
  else
    vim.health.info(
      "no `spanfill` program to ask for versions and models: `cmd` starts the server another way"
    )
  end
end

local function check_server()
  vim.health.start("spanfill: server")
  local server = client.any()
  if server then
    vim.health.ok(
      ("runs for %d buffers, columns counted in %s"):format(#client.buffers(), server.offset_encoding)
    )
  else
    vim.health.info(
      "does not run; it starts with the first buffer of " .. table.concat(config.get().filetypes, ", ")
    )
  end
  local report = status.get().state == "error" and vim.health.error or vim.health.info
  report("state: " .. status.sentence())
end

local function check_ghost_text()
  vim.health.start("spanfill: ghost text")
  local wish = config.get().ghost_text
  if wish == "builtin" and not builtin.available() then
    vim.health.error('this Neovim draws no ghost text itself, so `ghost_text = "builtin"` shows nothing', {
      'Set ghost_text = "auto", or use Neovim 0.12.',
    })
  elseif wish == "own" and builtin.enabled(vim.api.nvim_get_current_buf()) then
    vim.health.warn("Neovim's own inline completion is enabled too, so suggestions are drawn twice", {
      'Disable it with vim.lsp.inline_completion.enable(false), or set ghost_text = "auto".',
    })
  else
    vim.health.ok("ghost_text = " .. vim.inspect(wish))
  end
  for _, name in ipairs({ "cmp", "blink.cmp" }) do
    if package.loaded[name] then
      vim.health.ok(name .. " is loaded: ghost text makes room for its menu")
    end
  end
  if package.loaded["copilot"] or vim.g.loaded_copilot then
    vim.health.warn("a Copilot plugin is loaded: its ghost text and ours may overlap")
  end
  local key = require("spanfill.timings").summary().key
  if key then
    vim.health.info(("a keystroke costs %.2f ms (p95 of %d)"):format(key.p95_ms, key.count))
  end
end

function M.check()
  check_editor()
  check_program()
  check_server()
  check_ghost_text()
end

return M
