--- Buffer-local keys that exist for a while and then leave what was there before.

local M = {}

---@type { bufnr: integer, lhs: string, before?: table<string, any> }[]
local installed = {}

---@param bufnr integer
---@param lhs string
---@return table<string, any>? # the buffer's own map of a key
local function own_map(bufnr, lhs)
  return vim.api.nvim_buf_call(bufnr, function()
    local found = vim.fn.maparg(lhs, "n", false, true)
    return found.buffer == 1 and found or nil
  end)
end

---Take all of them away.
function M.remove()
  for _, key in ipairs(installed) do
    if vim.api.nvim_buf_is_valid(key.bufnr) then
      pcall(vim.keymap.del, "n", key.lhs, { buffer = key.bufnr })
      if key.before then
        vim.api.nvim_buf_call(key.bufnr, function()
          vim.fn.mapset("n", false, key.before)
        end)
      end
    end
  end
  installed = {}
end

---Set keys in Normal mode, in place of those set before.
---@param bufnr integer
---@param keys { lhs: string, run: fun(), what: string }[] an empty `lhs` is no key
function M.set(bufnr, keys)
  M.remove()
  for _, key in ipairs(keys) do
    if key.lhs ~= "" then
      installed[#installed + 1] = { bufnr = bufnr, lhs = key.lhs, before = own_map(bufnr, key.lhs) }
      vim.keymap.set(
        "n",
        key.lhs,
        key.run,
        { buffer = bufnr, nowait = true, desc = "spanfill: " .. key.what }
      )
    end
  end
end

return M
