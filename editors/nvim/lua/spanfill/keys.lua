--- The user's keys, and what a key does where its action has nothing to do.

local config = require("spanfill.config")

local M = {}

---@param keys string as `vim.keycode` gives them
---@param remap boolean
local function press(keys, remap)
  -- Before what is typed already: keys keep their order.
  vim.api.nvim_feedkeys(keys, remap and "im" or "in", false)
end

---Do what a key did before it was mapped here.
---@param lhs string
---@param before table<string, any> what |maparg()| said of it then
local function fall_through(lhs, before)
  if before.callback then
    local keys = before.callback()
    if before.expr == 1 and type(keys) == "string" then
      press(before.replace_keycodes == 1 and vim.keycode(keys) or keys, before.noremap == 0)
    end
  elseif before.rhs and before.rhs ~= "" then
    local keys = before.expr == 1 and vim.api.nvim_eval(before.rhs) or vim.keycode(before.rhs)
    press(keys, before.noremap == 0)
  elseif not lhs:match("^<[MmAaTtDd]%-") then
    -- An Alt key that nobody mapped would leave Insert mode: for one that was meant for us nothing is better.
    press(vim.keycode(lhs), false)
  end
end

---@param action spanfill.Action
---@param lhs string
local function map(action, lhs)
  for _, mode in ipairs(action.modes) do
    local before = vim.fn.maparg(lhs, mode, false, true)
    if before.desc ~= "spanfill: " .. action.what then
      vim.keymap.set(mode, lhs, function()
        if action.run() == false and action.falls_through then
          fall_through(lhs, before)
        end
      end, { desc = "spanfill: " .. action.what })
    end
  end
end

---Set the keys that the settings ask for; the same again changes nothing.
function M.enable()
  local wish = config.get().keys
  if not wish then
    return
  end
  for _, action in ipairs(require("spanfill.actions")) do
    local lhs = wish == "suggested" and action.key or type(wish) == "table" and wish[action.name]
    if lhs then
      map(action, lhs --[[@as string]])
    end
  end
end

return M
