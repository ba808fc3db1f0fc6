--- How long our own handlers keep the editor busy: the last few hundred times of each kind.
--- Kinds: `key` (a keystroke's events), `request` (sending one), `answer`, `frame`.

local M = {}

local SIZE = 1000

---@class spanfill.Ring
---@field times number[] milliseconds, the oldest overwritten first
---@field next integer where the next one goes
---@field count integer measured in all

---@class spanfill.Timing
---@field count integer measured since the start
---@field p50_ms number
---@field p95_ms number of the last 1000
---@field max_ms number

---@type table<string, spanfill.Ring>
local rings = {}

---@param kind string
---@param started integer what `vim.uv.hrtime()` said when it began
function M.add(kind, started)
  local ring = rings[kind]
  if not ring then
    ring = { times = {}, next = 1, count = 0 }
    rings[kind] = ring
  end
  ring.times[ring.next] = (vim.uv.hrtime() - started) / 1e6
  ring.next = ring.next % SIZE + 1
  ring.count = ring.count + 1
end

---@param kind string
---@param handler fun(...): any
---@return fun(...): any # the same, measured
function M.measured(kind, handler)
  return function(...)
    local started = vim.uv.hrtime()
    local ok, result = pcall(handler, ...)
    M.add(kind, started)
    if not ok then
      error(result, 0)
    end
    return result
  end
end

---@return table<string, spanfill.Timing> # by kind; a percentile is the sample of the nearest rank
function M.summary()
  local found = {}
  for kind, ring in pairs(rings) do
    local sorted = vim.list_slice(ring.times)
    table.sort(sorted)
    local function rank(share)
      return sorted[math.max(1, math.ceil(#sorted * share))]
    end
    found[kind] = { count = ring.count, p50_ms = rank(0.5), p95_ms = rank(0.95), max_ms = sorted[#sorted] }
  end
  return found
end

---Forget everything measured so far.
function M.reset()
  rings = {}
end

return M
