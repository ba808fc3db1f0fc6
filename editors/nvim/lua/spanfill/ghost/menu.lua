--- Whether a completion menu is open or has an item selected: Neovim's own, nvim-cmp's, blink.cmp's.
--- Asks only plugins that are loaded already; loads none.

local config = require("spanfill.config")

local M = {}

---@class spanfill.Menu
---@field visible boolean
---@field selected boolean

---@return spanfill.Menu
local function builtin()
  if vim.fn.pumvisible() == 0 then
    return { visible = false, selected = false }
  end
  return { visible = true, selected = vim.fn.complete_info({ "selected" }).selected >= 0 }
end

---@return spanfill.Menu?
local function nvim_cmp()
  local cmp = package.loaded["cmp"]
  if type(cmp) == "table" and cmp.visible and cmp.visible() then
    local entry = cmp.get_selected_entry and cmp.get_selected_entry()
    return { visible = true, selected = entry ~= nil }
  end
end

---@return spanfill.Menu?
local function blink_cmp()
  local blink = package.loaded["blink.cmp"]
  if type(blink) == "table" and blink.is_menu_visible and blink.is_menu_visible() then
    local item = blink.get_selected_item and blink.get_selected_item()
    return { visible = true, selected = item ~= nil }
  end
end

---@return boolean # whether ghost text makes room for a menu now
function M.in_the_way()
  local wish = config.get().hide_with_menu
  if wish == "never" then
    return false
  end
  for _, menu in ipairs({ nvim_cmp() or false, blink_cmp() or false, builtin() }) do
    if menu and menu.visible then
      return wish == "visible" or menu.selected
    end
  end
  return false
end

return M
