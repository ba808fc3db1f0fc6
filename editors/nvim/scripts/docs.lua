--- Writes doc/spanfill.txt from the annotations and tables of the source.
---
---   nvim -l scripts/docs.lua           write it
---   nvim -l scripts/docs.lua --check   exit with 1 where it is not what the source says

local ROOT = vim.fs.dirname(vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, "S").source:sub(2))))
package.path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s"):format(ROOT, ROOT, package.path)

local WIDTH = 78
local out = {}

---@param line? string
local function put(line)
  out[#out + 1] = line or ""
end

---@param path string
---@return string[]
local function source(path)
  return vim.fn.readfile(ROOT .. "/lua/spanfill/" .. path)
end

---@param text string
---@param indent integer
local function wrapped(text, indent)
  local line = (" "):rep(indent)
  for word in text:gmatch("%S+") do
    if #line + #word + 1 > WIDTH and vim.trim(line) ~= "" then
      put(line)
      line = (" "):rep(indent)
    end
    line = line .. (vim.trim(line) == "" and "" or " ") .. word
  end
  put(line)
end

---@param title string
---@param tag string
local function section(title, tag)
  put(("="):rep(WIDTH))
  put(title .. (" "):rep(math.max(1, WIDTH - #title - #tag - 2)) .. "*" .. tag .. "*")
  put()
end

---@param left string
---@param tag string
local function heading(left, tag)
  put(left .. (" "):rep(math.max(1, WIDTH - #left - #tag - 2)) .. "*" .. tag .. "*")
end

---Markdown's code signs are not the help's.
---@param text string
---@return string
local function helped(text)
  return (text:gsub("`(|[^`]+|)`", "%1"))
end

---@class spanfill.Field
---@field name string
---@field type string
---@field what string

---The fields of an annotated class: each has its description before it.
---@param lines string[]
---@param class string
---@return spanfill.Field[]
local function fields_of(lines, class)
  local fields, inside, what = {}, false, {}
  for _, line in ipairs(lines) do
    if line:match("^%-%-%-@class") then
      inside = line:match("%s([%w_.]+)$") == class
    elseif inside and not line:match("^%-%-%-") then
      inside = false
    elseif inside then
      local name, kind = line:match("^%-%-%-@field (%S+) (.+)$")
      if name then
        fields[#fields + 1] = { name = name, type = kind, what = table.concat(what, " ") }
        what = {}
      elseif line ~= "---" then
        what[#what + 1] = line:sub(4)
      end
    end
  end
  assert(#fields > 0, "no class " .. class)
  return fields
end

---@class spanfill.Documented
---@field signature string
---@field what string

---The public functions of the module, with the comment before each.
---@param lines string[]
---@return spanfill.Documented[]
local function functions_of(lines)
  local found, what, returns = {}, {}, nil
  for _, line in ipairs(lines) do
    local signature = line:match("^function M%.(.+)$")
    if signature then
      local text = table.concat(what, " ") .. (returns and (" Returns " .. returns .. ".") or "")
      found[#found + 1] = { signature = signature, what = vim.trim(text) }
    end
    if line:match("^%-%-%-@return") then
      returns = line:match("# (.+)$")
    elseif line:match("^%-%-%-[^@ ]") then
      what[#what + 1] = line:sub(4)
    elseif not line:match("^%-%-%-") then
      what, returns = {}, nil
    end
  end
  return found
end

---@param fields spanfill.Field[]
---@param defaults table<string, any>
---@param path string
local function put_settings(fields, defaults, path)
  for _, field in ipairs(fields) do
    heading(path .. field.name, "spanfill.config." .. path .. field.name)
    local default = vim.inspect(defaults[field.name], { newline = " ", indent = "" })
    put("    Type: " .. field.type)
    wrapped("Default: " .. default, 4)
    wrapped(helped(field.what), 4)
    put()
  end
end

local function put_start()
  put("*spanfill.txt*  Fill code by denoising masked spans")
  put()
  wrapped(
    "Ghost text while you type, and fills of a region or a function that settle live and are previewed before the text changes. Everything runs on your machine. For Neovim 0.10 and newer.",
    0
  )
  put()
  section("CONTENTS", "spanfill")
  for _, entry in ipairs({
    { "Starting", "spanfill-start" },
    { "Settings", "spanfill-settings" },
    { "Commands", "spanfill-commands" },
    { "Keys", "spanfill-keys" },
    { "Fills and their preview", "spanfill-preview" },
    { "Lua functions", "spanfill-lua" },
    { "Statusline", "spanfill-statusline" },
    { "Events", "spanfill-events" },
    { "Highlight groups", "spanfill-highlights" },
  }) do
    put(("    %-28s |%s|"):format(entry[1], entry[2]))
  end
  put()
  section("STARTING", "spanfill-start")
  put(">lua")
  put('    require("spanfill").setup({ keys = "suggested" })')
  put("<")
  wrapped(
    "The server is `spanfill serve --stdio`, found on PATH, or what `cmd` says. It is started with the first buffer that has one of the `filetypes`, and serves all buffers of this Neovim. A buffer with `b:spanfill` set to false is left alone. Where something does not work, |:checkhealth| spanfill tells what to do.",
    0
  )
  put()
end

local function put_commands()
  section("COMMANDS", "spanfill-commands")
  heading(":[range]Spanfill {subcommand}", ":Spanfill")
  put()
  local commands = require("spanfill.commands")
  for _, name in ipairs(commands.names()) do
    local entry = commands.ALL[name]
    heading(vim.trim((":Spanfill %s %s"):format(name, entry.words or "")), ":Spanfill-" .. name)
    wrapped(helped(entry.what), 4)
  end
  put()
end

local function put_keys()
  section("KEYS", "spanfill-keys")
  wrapped(
    'No key is mapped unless you ask. `keys = "suggested"` sets the keys of the right column, `keys = { accept = "<Tab>" }` those that you name; or map the <Plug> names yourself.',
    0
  )
  put()
  for _, action in ipairs(require("spanfill.actions")) do
    local plug = ("<Plug>(spanfill-%s)"):format((action.name:gsub("_", "-")))
    heading(("%-12s %-5s %s"):format(action.name, table.concat(action.modes), action.key), plug)
    wrapped(action.what .. (action.falls_through and "; falls through where there is none" or ""), 18)
  end
  put()
end

local function put_preview()
  section("FILLS AND THEIR PREVIEW", "spanfill-preview")
  local keys = require("spanfill.config").DEFAULTS.preview_keys
  wrapped(
    ("A fill is drawn over its region while it runs: masked, draft and settled slots in colours of their own. The text itself does not change. When it is done, `%s` puts it in as one undo step, `%s` runs it again and `%s` discards it; `%s` stops it while it runs. These keys exist in Normal mode of that buffer for that time only, and what they did before comes back. A text that changed meanwhile is not edited."):format(
      keys.accept,
      keys.regenerate,
      keys.discard,
      keys.discard
    ),
    0
  )
  put()
end

local function put_lua()
  section("LUA FUNCTIONS", "spanfill-lua")
  for _, entry in ipairs(functions_of(source("init.lua"))) do
    heading(entry.signature, "spanfill." .. entry.signature:match("^[%w_]+") .. "()")
    wrapped(helped(entry.what), 4)
    put()
  end
end

local function put_tables()
  section("STATUSLINE", "spanfill-statusline")
  wrapped(
    "lualine has a component: `sections = { lualine_x = { \"spanfill\" } }`. Elsewhere use `%{v:lua.require'spanfill'.statusline()}`.",
    0
  )
  put()
  section("EVENTS", "spanfill-events")
  wrapped("|User| autocommands; what their `data` holds is in brackets.", 0)
  put()
  for _, event in ipairs(require("spanfill.events").ALL) do
    heading(event.name, event.name)
    wrapped(("%s [%s]"):format(event.when, event.data), 4)
  end
  put()
  section("HIGHLIGHT GROUPS", "spanfill-highlights")
  for _, group in ipairs(require("spanfill.highlights").ALL) do
    heading(group.name, "hl-" .. group.name)
    wrapped(("%s; links to %s"):format(group.what, group.link), 4)
  end
  put()
end

put_start()
section("SETTINGS", "spanfill-settings")
local config = require("spanfill.config")
local lines = source("config.lua")
put_settings(
  vim.tbl_filter(function(field)
    return field.name ~= "preview_keys"
  end, fields_of(lines, "spanfill.Config")),
  config.DEFAULTS,
  ""
)
put_settings(fields_of(lines, "spanfill.PreviewKeys"), config.DEFAULTS.preview_keys, "preview_keys.")
put_commands()
put_keys()
put_preview()
put_lua()
put_tables()
put("vim:tw=78:ts=8:noet:ft=help:norl:")

local path = ROOT .. "/doc/spanfill.txt"
if _G.arg[1] == "--check" then
  local there = vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
  if not vim.deep_equal(there, out) then
    io.stderr:write("doc/spanfill.txt is not what the source says; run: nvim -l scripts/docs.lua\n")
    os.exit(1)
  end
  print("doc/spanfill.txt is up to date")
else
  vim.fn.mkdir(ROOT .. "/doc", "p")
  vim.fn.writefile(out, path)
end
