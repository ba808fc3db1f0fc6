--- The plugin's public face. Everything here may be called from maps and from other plugins.

local M = {}

local set_up = false

---Start the plugin. Without options everything has its default.
---@param options? spanfill.Options
function M.setup(options)
  require("spanfill.config").take(options)
  require("spanfill.highlights").enable()
  require("spanfill.keys").enable()
  if not set_up then
    set_up = true
    require("spanfill.ghost").enable()
    require("spanfill.client").enable()
  end
end

---Set up with the defaults where nobody has: for commands that are used without `setup()`.
function M.ensure()
  if not set_up then
    M.setup()
  end
end

---Put the suggestion in.
---@return boolean # whether there was one
function M.accept()
  return require("spanfill.ghost").accept()
end

---Put the suggestion's next word in.
---@return boolean # whether there was one
function M.accept_word()
  return require("spanfill.ghost").accept_word()
end

---Put the suggestion's next line in.
---@return boolean # whether there was one
function M.accept_line()
  return require("spanfill.ghost").accept_line()
end

---Put the suggestion in or, where there is none, do what the key would have done. For maps of <Tab>:
---`vim.keymap.set("i", "<Tab>", function() require("spanfill").accept_or("<Tab>") end)`
---@param fallback string|fun() a key, or what to call
---@return boolean # whether there was one
function M.accept_or(fallback)
  if M.accept() then
    return true
  end
  if type(fallback) == "function" then
    fallback()
  else
    -- Before what is typed already: keys keep their order.
    vim.api.nvim_feedkeys(vim.keycode(fallback), "in", false)
  end
  return false
end

---Take the suggestion off the screen until something is typed.
---@return boolean # whether there was one
function M.dismiss()
  return require("spanfill.ghost").dismiss()
end

---Ask for suggestions at the cursor; this works with `automatic = false` too.
function M.suggest()
  require("spanfill.ghost").suggest()
end

---Show the next suggestion, asking for more where there is one alone.
function M.next()
  require("spanfill.ghost").cycle(1)
end

---Show the suggestion before.
function M.previous()
  require("spanfill.ghost").cycle(-1)
end

---@return spanfill.Status # what the server last said of itself
function M.status()
  return require("spanfill.status").get()
end

---@return string # a few words for a statusline
function M.statusline()
  return require("spanfill.status").line()
end

---@return table<string, spanfill.Timing> # how long the plugin's handlers take, by kind
function M.timings()
  return require("spanfill.timings").summary()
end

return M
