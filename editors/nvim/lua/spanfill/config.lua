--- The settings: what they are, their defaults, and one message about those that can't be used.
--- Each default stands here and nowhere else; knows nothing of the features that the settings steer.

local messages = require("spanfill.messages")

local M = {}

---@class (exact) spanfill.PreviewKeys
---
---Puts the previewed text in.
---@field accept string
---
---Runs the same fill again.
---@field regenerate string
---
---Stops a running fill, or discards the previewed text.
---@field discard string

---@class (exact) spanfill.Config
---
---The server's command as a list. `nil` takes `spanfill serve --stdio` with the `spanfill` on PATH.
---@field cmd string[]|nil
---
---Environment variables of the server, such as `SPANFILL_HOME`.
---@field env table<string, string>
---
---Filetypes in which the server is started; `{ "*" }` means all.
---@field filetypes string[]
---
---What marks a project's root. Files outside of any project work too.
---@field root_markers string[]
---
---Buffers larger than this are left alone.
---@field max_file_bytes integer
---
---Who draws ghost text: `"own"` is the plugin, `"builtin"` is |vim.lsp.inline_completion| (Neovim 0.12), `false`
---nobody. `"auto"` is the plugin, unless the built-in one is enabled already where the server attaches.
---@field ghost_text "auto"|"own"|"builtin"|false
---
---Whether suggestions come unasked. Without, |<Plug>(spanfill-suggest)| asks.
---@field automatic boolean
---
---Milliseconds without a keystroke before the server is asked. The server itself waits as long as it takes to tell
---fast typing from a pause, so this only bundles keystrokes.
---@field debounce_ms integer
---
---When ghost text makes room for a completion menu (built-in, nvim-cmp, blink.cmp): while an item is `"selected"`,
---while the menu is `"visible"`, or `"never"`.
---@field hide_with_menu "selected"|"visible"|"never"
---
---Keys: `false` maps nothing, `"suggested"` the suggested keys (|spanfill-keys|), a table those that it names, as
---`{ accept = "<Tab>" }`. A key whose map has nothing to do falls through to what it was before.
---@field keys false|"suggested"|table<string, string>
---
---Keys of the preview, in Normal mode. They exist only while a fill runs or its preview shows.
---@field preview_keys spanfill.PreviewKeys
---
---The server's settings, under its own names: `{ model = { device = "cpu" }, completion = { maxLines = 6 } }`.
---@field settings table<string, any>

---@class (partial) spanfill.Options : spanfill.Config

---@type spanfill.Config
M.DEFAULTS = {
  cmd = nil,
  env = {},
  -- stylua: ignore
  filetypes = {
    "python", "javascript", "javascriptreact", "typescript", "typescriptreact", "rust", "go", "c", "cpp",
    "java", "cs", "ruby", "php", "lua", "sh", "bash", "json",
  },
  root_markers = { ".git", "pyproject.toml", "package.json", "Cargo.toml", "go.mod", "Makefile" },
  max_file_bytes = 2000000,
  ghost_text = "auto",
  automatic = true,
  debounce_ms = 30,
  hide_with_menu = "selected",
  keys = false,
  preview_keys = { accept = "<Tab>", regenerate = "R", discard = "<Esc>" },
  settings = {},
}

---@alias spanfill.Check fun(value: any): string? what the value must be, where it isn't

---@param kind type
---@param must string
---@return spanfill.Check
local function of_type(kind, must)
  return function(value)
    return type(value) ~= kind and must or nil
  end
end

---@param ... any the values that are allowed
---@return spanfill.Check
local function one_of(...)
  local allowed = { ... }
  return function(value)
    if not vim.list_contains(allowed, value) then
      return "must be one of " .. table.concat(vim.tbl_map(vim.inspect, allowed), ", ")
    end
  end
end

---@param value any
---@return string?
local function strings(value)
  if not vim.islist(value) or vim.iter(value):any(function(item)
    return type(item) ~= "string"
  end) then
    return "must be a list of strings"
  end
end

---@param low integer
---@return spanfill.Check
local function whole_number(low)
  return function(value)
    if type(value) ~= "number" or value % 1 ~= 0 or value < low then
      return ("must be a whole number, %d or more"):format(low)
    end
  end
end

---@param value any
---@return string?
local function text_by_text(value)
  local texts = type(value) == "table"
  for key, item in pairs(texts and value or {}) do
    texts = texts and type(key) == "string" and type(item) == "string"
  end
  return not texts and "must be a table of strings by name" or nil
end

---@param value any
---@return string?
local function key_choice(value)
  if value ~= false and value ~= "suggested" and (type(value) ~= "table" or text_by_text(value)) then
    return 'must be false, "suggested" or a table of keys by name'
  end
  for name in pairs(type(value) == "table" and value or {}) do
    local known = vim.iter(require("spanfill.actions")):any(function(action)
      return action.name == name
    end)
    if not known then
      return ("has no action `%s`"):format(name)
    end
  end
end

local key = of_type("string", 'must be a key such as "<Tab>"')

---One check for each setting; a table of checks for a group of them.
---@type table<string, spanfill.Check|table<string, spanfill.Check>>
local CHECKS = {
  cmd = function(value)
    return (strings(value) or #value == 0) and "must be a list of strings that starts with a program" or nil
  end,
  env = text_by_text,
  filetypes = strings,
  root_markers = strings,
  max_file_bytes = whole_number(0),
  ghost_text = one_of("auto", "own", "builtin", false),
  automatic = of_type("boolean", "must be true or false"),
  debounce_ms = whole_number(0),
  hide_with_menu = one_of("selected", "visible", "never"),
  keys = key_choice,
  preview_keys = { accept = key, regenerate = key, discard = key },
  settings = of_type("table", "must be a table of the server's settings"),
}

---@param given table<string, any>
---@param checks table<string, any>
---@param defaults table<string, any>
---@param path string
---@param complaints string[]
---@return table<string, any>
local function read(given, checks, defaults, path, complaints)
  local taken = vim.deepcopy(defaults)
  local names = vim.tbl_keys(given)
  table.sort(names, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for _, name in ipairs(names) do
    local value = given[name]
    local check, shown = checks[name], "`" .. path .. tostring(name) .. "`"
    if check == nil then
      complaints[#complaints + 1] = shown .. " is unknown"
    elseif type(check) == "table" then
      if type(value) == "table" then
        taken[name] = read(value, check, defaults[name], path .. name .. ".", complaints)
      else
        complaints[#complaints + 1] = shown .. " must be a table, its defaults are used"
      end
    else
      local fault = check(value)
      if fault then
        local used = vim.inspect(defaults[name], { newline = " ", indent = "" })
        complaints[#complaints + 1] = ("%s %s, %s is used"):format(shown, fault, used)
      else
        taken[name] = value
      end
    end
  end
  return taken
end

---Settings from what the user wrote; what can't be used takes its default.
---@param given any
---@return spanfill.Config
---@return string? complaint one sentence about everything that could not be used
function M.validate(given)
  local complaints = {}
  if given ~= nil and type(given) ~= "table" then
    complaints[1], given = "the settings must be a table, the defaults are used", nil
  end
  local taken = read(given or {}, CHECKS, M.DEFAULTS, "", complaints)
  local complaint = #complaints > 0 and "settings: " .. table.concat(complaints, "; ") .. "." or nil
  return taken, --[[@as spanfill.Config]]
    complaint
end

---@type spanfill.Config
local current = M.validate(nil)

---@type string?
local last_complaint

---Take the user's settings and tell of those that can't be used.
---@param given? spanfill.Options
function M.take(given)
  current, last_complaint = M.validate(given)
  if last_complaint then
    messages.warn(last_complaint)
  end
end

---@return spanfill.Config
function M.get()
  return current
end

---@return string? # what was wrong with the settings, for the health check
function M.complaint()
  return last_complaint
end

return M
