--- What can be asked of the server beside filling: pause, statistics, another model.

local calls = require("spanfill.calls")
local client = require("spanfill.client")
local messages = require("spanfill.messages")
local tools = require("spanfill.tools")
local window = require("spanfill.window")

local M = {}

---@param command string
---@param arguments any[]
---@param take fun(answer: any)
local function execute(command, arguments, take)
  local server = client.any()
  if not server then
    messages.warn("the server does not run; :checkhealth spanfill tells why.")
    return
  end
  local params = { command = command, arguments = arguments }
  calls.request(server, "workspace/executeCommand", params, function(err, answer)
    if err then
      messages.warn(err.message)
    else
      take(answer)
    end
  end, vim.api.nvim_get_current_buf())
end

---@param paused boolean
function M.pause(paused)
  execute("spanfill.pause", { paused }, function(answer)
    messages.tell(answer and "paused; :Spanfill resume goes on." or "suggestions come again.")
  end)
end

---@param value any
---@return string
local function shown(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  for key, item in vim.spairs(value) do
    parts[#parts + 1] = ("%s %s"):format(key, shown(item))
  end
  return table.concat(parts, ", ")
end

---Show the session's counts and times, and the plugin's own.
function M.stats()
  execute("spanfill.showStats", {}, function(answer)
    local lines = {}
    for key, value in vim.spairs(answer) do
      lines[#lines + 1] = ("%-14s %s"):format(key, shown(value))
    end
    for kind, timing in vim.spairs(require("spanfill.timings").summary()) do
      local numbers = ("p50 %.2f ms, p95 %.2f ms, n %d"):format(timing.p50_ms, timing.p95_ms, timing.count)
      lines[#lines + 1] = ("%-14s %s"):format("editor: " .. kind, numbers)
    end
    window.show("spanfill statistics", lines)
  end)
end

---@param name string a model's name or folder
local function use_model(name)
  execute("spanfill.selectModel", { name }, function()
    messages.tell(("loading %s"):format(name))
  end)
end

---Load another model; without a name the user chooses among those installed.
---@param name? string
function M.model(name)
  if name then
    use_model(name)
    return
  end
  tools.run({ "models", "list", "--json" }, function(done)
    local ok, models = pcall(vim.json.decode, done.stdout)
    if done.code ~= 0 or not ok then
      messages.warn("`spanfill models list` failed: " .. vim.trim(done.stderr or ""))
      return
    end
    local installed = vim.tbl_filter(function(model)
      return model.installed
    end, models)
    if #installed == 0 then
      messages.tell("no model is installed; `spanfill models pull` fetches the default one.")
      return
    end
    vim.ui.select(installed, {
      prompt = "Model",
      format_item = function(model)
        return ("%s (%s, %.0f MB)"):format(model.name, model.kind, model.bytes / 1e6)
      end,
    }, function(model)
      if model then
        use_model(model.name)
      end
    end)
  end)
end

---Show what `spanfill doctor` finds.
function M.doctor()
  messages.tell("`spanfill doctor` is running…")
  tools.run({ "doctor" }, function(done)
    local text = vim.trim(done.stdout .. "\n" .. done.stderr):gsub("\27%[[%d;]*m", "")
    window.show("spanfill doctor", vim.split(text, "\n", { plain = true }))
  end)
end

return M
