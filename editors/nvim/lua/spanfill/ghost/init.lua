--- Ghost text, whoever draws it: the plugin itself or, from Neovim 0.12 on, the editor.

local config = require("spanfill.config")
local own = require("spanfill.ghost.own")
local builtin = require("spanfill.ghost.builtin")
local status = require("spanfill.status")

local M = {}

---@return boolean # whether the editor draws the ghost text of the current buffer
local function by_editor()
  local wish = config.get().ghost_text
  return wish == "builtin" or (wish == "auto" and builtin.enabled(vim.api.nvim_get_current_buf()))
end

---Begin to follow the keys.
function M.enable()
  local group = vim.api.nvim_create_augroup("spanfill.ghost", { clear = true })
  if config.get().ghost_text == false then
    return
  end
  own.enable(group, by_editor)
  status.on_change(function(now, before)
    if now.state == "ready" and (before.state == "loading" or before.state == "starting") then
      own.model_ready()
    end
  end)
end

---@param bufnr integer
function M.attached(bufnr)
  if config.get().ghost_text == "builtin" and config.get().automatic then
    builtin.enable(bufnr)
  end
end

---@param bufnr integer
function M.detached(bufnr)
  own.detached(bufnr)
end

---@return boolean # whether there was anything to accept
function M.accept()
  return own.accept() or by_editor() and builtin.accept()
end

---@return boolean
function M.accept_word()
  return own.accept_word() or by_editor() and builtin.accept_word()
end

---@return boolean
function M.accept_line()
  return own.accept_line() or by_editor() and builtin.accept_line()
end

---@return boolean # whether there was anything to dismiss
function M.dismiss()
  return own.dismiss() or by_editor() and builtin.dismiss()
end

---Ask at the cursor. The editor's own ghost text can't ask for several, so the plugin draws these.
function M.suggest()
  if by_editor() and builtin.dismiss() then
    -- That one cancels every request of its kind, as soon as the editor comes to it.
    vim.schedule(own.suggest)
  else
    own.suggest()
  end
end

---@param step 1|-1
function M.cycle(step)
  if by_editor() and not own.current() then
    builtin.cycle(step)
  else
    own.cycle(step)
  end
end

---The suggestion on screen: `text` is what is still to come, at `row` and `col` (from 0); `index` of `count`.
---@return { bufnr: integer, id: string, text: string, row: integer, col: integer, index: integer, count: integer }?
function M.current()
  return own.current()
end

return M
