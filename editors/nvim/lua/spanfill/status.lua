--- What the server last said of itself, and how a statusline shows it.

local events = require("spanfill.events")

local M = {}

---@class spanfill.Status
---@field state "stopped"|"starting"|"unloaded"|"loading"|"ready"|"busy"|"error"|"missing"
---@field model? string
---@field device? string "cpu" or "cuda"
---@field detail? string why, where the state is "error" or "missing"
---@field lastMs? number how long the last fill took
---@field paused? boolean

---@type spanfill.Status
local current = { state = "stopped" }

---@type (fun(now: spanfill.Status, before: spanfill.Status))[]
local listeners = {}

local WORDS = {
  stopped = "off",
  starting = "starting",
  unloaded = "idle",
  loading = "loading",
  ready = "ready",
  busy = "busy",
  error = "error",
  missing = "not found",
}

---@return spanfill.Status
function M.get()
  return current
end

---@param status spanfill.Status
function M.set(status)
  local before = current
  current = status
  for _, listener in ipairs(listeners) do
    listener(status, before)
  end
  events.emit("SpanfillStatus", status)
  vim.cmd.redrawstatus()
end

---@param listener fun(now: spanfill.Status, before: spanfill.Status)
function M.on_change(listener)
  listeners[#listeners + 1] = listener
end

---@return string # a few words for a statusline, such as "spanfill ready 0.13 s"
function M.line()
  local word = current.paused and "paused" or WORDS[current.state] or current.state
  if word == "ready" and current.lastMs then
    return ("spanfill %s %.2f s"):format(word, current.lastMs / 1000)
  end
  return "spanfill " .. word
end

---@return string # everything that is known, in one line
function M.sentence()
  local parts = { WORDS[current.state] or current.state }
  if current.paused then
    parts[#parts + 1] = "paused"
  end
  if current.model then
    parts[#parts + 1] = current.model .. (current.device and " on " .. current.device or "")
  end
  if current.lastMs then
    parts[#parts + 1] = ("last fill %.2f s"):format(current.lastMs / 1000)
  end
  parts[#parts + 1] = current.detail
  return table.concat(parts, ", ")
end

return M
