--- Ghost text drawn by the plugin: follows the keys, asks, shows, hides. What is on screen is kept here.

local client = require("spanfill.client")
local calls = require("spanfill.calls")
local config = require("spanfill.config")
local drawing = require("spanfill.ghost.drawing")
local edit = require("spanfill.ghost.edit")
local events = require("spanfill.events")
local menu = require("spanfill.ghost.menu")
local messages = require("spanfill.messages")
local parts = require("spanfill.ghost.parts")
local places = require("spanfill.places")
local requests = require("spanfill.ghost.requests")
local suggestions = require("spanfill.ghost.suggestion")
local timings = require("spanfill.timings")

local M = {}

---@class spanfill.Shown
---@field bufnr integer
---@field items spanfill.Suggestion[]
---@field index integer which of them is shown
---@field invoked boolean whether these are all that the server has
---@field rest? spanfill.Rest what is on screen; nil while a menu hides it

---@type spanfill.Shown?
local shown

---The text and the cursor of the last look.
local seen = { bufnr = -1, tick = -1, row = -1, col = -1 }

---The last suggestion that the server was told of as shown.
local told_id = ""

---Whether something was typed for which nothing was asked, because a menu was in the way.
local owed = false

---@param event string
---@param suggestion spanfill.Suggestion
---@param more? table<string, any>
local function tell_server(event, suggestion, more)
  local server = client.of(suggestion.bufnr)
  if server and suggestion.id ~= "" then
    calls.notify(server, event, vim.tbl_extend("keep", { id = suggestion.id }, more or {}))
  end
end

---@return spanfill.Suggestion?
local function current()
  return shown and shown.items[shown.index]
end

---@return boolean
local function inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == "i"
end

---Take the ghost text off the screen and forget it.
function M.hide()
  local suggestion = current()
  if not shown or not suggestion then
    return
  end
  local was_drawn = shown.rest ~= nil
  drawing.clear(shown.bufnr)
  shown = nil
  if was_drawn then
    events.emit("SpanfillHidden", { buf = suggestion.bufnr, id = suggestion.id })
  end
end

---Draw what is left of the suggestion at the cursor.
---@return boolean # whether anything is left
local function draw()
  local suggestion = current()
  if not shown or not suggestion then
    return false
  end
  local row, col = places.cursor()
  local rest = suggestions.rest(suggestion, row, col)
  if not rest then
    return false
  end
  if menu.in_the_way() then
    shown.rest = nil
    drawing.clear(shown.bufnr)
    return true
  end
  shown.rest = rest
  local note = #shown.items > 1 and ("%d/%d"):format(shown.index, #shown.items) or nil
  drawing.draw(shown.bufnr, rest, note)
  if suggestion.id ~= told_id then
    told_id = suggestion.id
    tell_server("spanfill/didShow", suggestion)
  end
  events.emit("SpanfillShown", { buf = shown.bufnr, id = suggestion.id, text = rest.tail })
  return true
end

---@param answer spanfill.Answer
local function take(answer)
  local items = {}
  for _, item in ipairs(answer.items) do
    local made = suggestions.from_item(item, answer.bufnr, answer.row, answer.col, answer.encoding)
    if made and suggestions.rest(made, answer.row, answer.col) then
      items[#items + 1] = made
    end
  end
  M.hide()
  if #items > 0 then
    shown = { bufnr = answer.bufnr, items = items, index = 1, invoked = answer.invoked }
    draw()
    return
  end
  if answer.invoked then
    messages.tell(answer.fault or "no suggestion here.", answer.fault and vim.log.levels.WARN or nil)
  end
  events.emit("SpanfillNothing", { buf = answer.bufnr, invoked = answer.invoked })
end

---@return boolean # whether somebody else draws what comes unasked
local drawn_elsewhere = function()
  return false
end

---@return boolean # whether suggestions come unasked in the current buffer
local function automatic()
  local settings = config.get().settings.completion
  local off = type(settings) == "table" and settings.automatic == false
  return config.get().automatic and not off and not drawn_elsewhere() and vim.fn.reg_executing() == ""
end

---Follow the text and the cursor: keep what still fits, drop what doesn't, ask where something was typed.
---@param again? boolean look even if neither changed, as when a menu opens or closes
local function look(again)
  local bufnr = vim.api.nvim_get_current_buf()
  if not client.of(bufnr) or not inserting() then
    return
  end
  local row, col = places.cursor()
  local tick = vim.api.nvim_buf_get_changedtick(bufnr)
  local typed = tick ~= seen.tick or bufnr ~= seen.bufnr
  if not (typed or again or row ~= seen.row or col ~= seen.col) then
    return
  end
  seen.bufnr, seen.tick, seen.row, seen.col = bufnr, tick, row, col
  if shown and draw() then
    return
  end
  M.hide()
  if typed then
    owed = automatic()
  end
  if owed and not menu.in_the_way() then
    owed = false
    requests.soon(take)
  elseif not again then
    requests.cancel()
  end
end

---The text under the suggestion is ours now: look at it as at any other.
local function after_edit()
  local bufnr = vim.api.nvim_get_current_buf()
  local row, col = places.cursor()
  seen.bufnr, seen.tick, seen.row, seen.col = bufnr, vim.api.nvim_buf_get_changedtick(bufnr), row, col
  if not (shown and draw()) then
    M.hide()
    if automatic() then
      requests.soon(take)
    end
  end
end

---@param what "all"|"word"|"line"
---@return boolean # whether there was anything to accept
local function accept(what)
  local suggestion = current()
  if not shown or not shown.rest or not suggestion or shown.bufnr ~= vim.api.nvim_get_current_buf() then
    return false
  end
  local row, col = places.cursor()
  local rest = suggestions.rest(suggestion, row, col)
  if not rest or menu.in_the_way() then
    return false
  end
  local part = parts[what](rest.tail)
  local function apply()
    edit.put_in(suggestion, rest, part)
    tell_server("spanfill/didAccept", suggestion, { acceptedLength = vim.fn.strchars(part) })
    events.emit("SpanfillAccepted", { buf = suggestion.bufnr, id = suggestion.id, text = part, what = what })
    after_edit()
  end
  local ok, fault = pcall(apply)
  if not ok then
    -- In the expression of an expression map the text is locked: it is put in as soon as that is over.
    if not tostring(fault):find("E565") then
      error(fault, 0)
    end
    vim.schedule(apply)
  end
  return true
end

---@return boolean
function M.accept()
  return accept("all")
end

---@return boolean
function M.accept_word()
  return accept("word")
end

---@return boolean
function M.accept_line()
  return accept("line")
end

---Take the suggestion off the screen until something is typed.
---@return boolean # whether there was one
function M.dismiss()
  requests.cancel()
  local suggestion = current()
  if not suggestion then
    return false
  end
  tell_server("spanfill/didReject", suggestion)
  M.hide()
  return true
end

---Ask for suggestions at the cursor, several where the server has them.
---@param then_show? integer which of them is shown first
function M.suggest(then_show)
  requests.ask(requests.INVOKED, function(answer)
    take(answer)
    if shown and then_show then
      shown.index = (then_show - 1) % #shown.items + 1
      draw()
    end
  end)
end

---@param step 1|-1
function M.cycle(step)
  if not shown or not shown.invoked then
    -- One that came unasked comes alone: now all are wanted.
    M.suggest(shown and 1 + step or 1)
    return
  end
  local row, col = places.cursor()
  for _ = 1, #shown.items do
    shown.index = (shown.index - 1 + step) % #shown.items + 1
    if suggestions.rest(shown.items[shown.index], row, col) then
      break
    end
  end
  draw()
end

---What is on screen, for other plugins and for tests.
---@return { bufnr: integer, id: string, text: string, row: integer, col: integer, index: integer, count: integer }?
function M.current()
  local suggestion = current()
  if not shown or not shown.rest or not suggestion then
    return nil
  end
  return {
    bufnr = shown.bufnr,
    id = suggestion.id,
    text = shown.rest.tail,
    row = shown.rest.row,
    col = shown.rest.col,
    index = shown.index,
    count = #shown.items,
  }
end

---The server has become able to answer: ask where the user waits.
function M.model_ready()
  local bufnr = vim.api.nvim_get_current_buf()
  if client.of(bufnr) and inserting() and not shown and not requests.pending() and automatic() then
    requests.soon(take)
  end
end

---@param bufnr integer
function M.detached(bufnr)
  if shown and shown.bufnr == bufnr then
    M.hide()
  end
end

local function leave()
  requests.cancel()
  M.hide()
end

---@param group integer
---@param elsewhere fun(): boolean whether the editor itself draws what comes unasked in the current buffer
function M.enable(group, elsewhere)
  drawn_elsewhere = elsewhere
  local function on(names, pattern, handler)
    vim.api.nvim_create_autocmd(names, {
      group = group,
      pattern = pattern,
      callback = timings.measured("key", function()
        handler()
      end),
    })
  end
  on({ "TextChangedI", "TextChangedP", "CursorMovedI" }, nil, look)
  on("CompleteChanged", nil, function()
    look(true)
  end)
  on("CompleteDone", nil, function()
    -- The menu is still there while this fires.
    vim.schedule(function()
      look(true)
    end)
  end)
  on("User", { "BlinkCmpMenuOpen", "BlinkCmpMenuClose", "BlinkCmpListSelect" }, function()
    look(true)
  end)
  on("InsertEnter", nil, function()
    seen.tick = -1
    -- The mode has not changed yet when this fires.
    vim.schedule(look)
  end)
  on({ "InsertLeave", "BufLeave", "WinLeave" }, nil, leave)
end

return M
