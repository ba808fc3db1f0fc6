--- What the server sends of its own accord, and where it goes.

local status = require("spanfill.status")
local messages = require("spanfill.messages")

local M = {}

---@param fields table<string, any>
---@return table<string, any>
local function without_null(fields)
  local kept = {}
  for key, value in pairs(fields) do
    if value ~= vim.NIL then
      kept[key] = value
    end
  end
  return kept
end

---@type table<string, lsp.Handler>
M.ALL = {
  ["spanfill/status"] = function(_, result)
    -- Neovim 0.12 keeps JSON's null as a value of its own.
    status.set(without_null(result))
  end,
  ["spanfill/frame"] = function(_, result)
    require("spanfill.canvas").on_frame(result)
  end,
  ["window/showMessage"] = function(_, result)
    local text = result.message:gsub("^spanfill:? ?", "")
    -- An explanation has a window of its own; the server tells it to clients that have none.
    if result.type == vim.lsp.protocol.MessageType.Info and require("spanfill.explanation").expected() then
      return
    end
    local levels = { vim.log.levels.ERROR, vim.log.levels.WARN }
    messages.tell(text, levels[result.type])
    return vim.NIL
  end,
}

return M
