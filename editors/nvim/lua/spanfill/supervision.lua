--- What happens when the server ends unasked: it is started again, later each time it fails, and not for ever.

local client = require("spanfill.client")
local messages = require("spanfill.messages")
local status = require("spanfill.status")

local M = {}

local FIRST_DELAY_MS = 500
local LONGEST_DELAY_MS = 30000
local MOST_FAILURES = 6
---A server that ran this long before it ended has not failed to start.
local STEADY_MS = 60000

local failures = 0
local expected = false
---@type integer?
local started_ms
---@type uv.uv_timer_t?
local timer

---@return integer # milliseconds before the next start
local function delay()
  return math.min(FIRST_DELAY_MS * 2 ^ (failures - 1), LONGEST_DELAY_MS)
end

local function forget_timer()
  if timer then
    timer:stop()
    timer:close()
    timer = nil
  end
end

---The next end is one that was asked for.
function M.expect_exit()
  expected = true
  forget_timer()
end

---Start anew, as after a restart by hand: failures of before don't count.
function M.reset()
  failures, expected = 0, false
  forget_timer()
end

local function restart()
  forget_timer()
  client.attach_all()
end

---@param code integer
---@param signal integer
function M.on_exit(code, signal)
  require("spanfill.canvas").server_gone()
  status.set({ state = "stopped" })
  if expected or vim.v.exiting ~= vim.NIL then
    return
  end
  if started_ms and vim.uv.now() - started_ms > STEADY_MS then
    failures = 0
  end
  failures = failures + 1
  local ending = signal ~= 0 and ("by signal %d"):format(signal) or ("with status %d"):format(code)
  if failures > MOST_FAILURES then
    status.set({ state = "error", detail = "the server ended " .. ending })
    messages.fail(
      ("the server ended %s, for the %dth time. :Spanfill log says why; :Spanfill restart tries again."):format(
        ending,
        failures
      )
    )
    return
  end
  timer = assert(vim.uv.new_timer())
  timer:start(delay(), 0, vim.schedule_wrap(restart))
end

---A server answered for the first time.
function M.started()
  started_ms = vim.uv.now()
end

return M
