--- `:Spanfill SUBCOMMAND`: what each does with a selection, a range of lines or the cursor's place.

local client = require("spanfill.client")
local messages = require("spanfill.messages")
local places = require("spanfill.places")
local selection = require("spanfill.selection")
local status = require("spanfill.status")

local M = {}

---@class spanfill.Subcommand
---@field what string
---@field run fun(span?: spanfill.Span, words: string)
---@field words? string what may follow, as the help file shows it

---@param span? spanfill.Span
---@param more table<string, any>
local function fill(span, more)
  local row, col = places.cursor()
  local wish = {
    bufnr = vim.api.nvim_get_current_buf(),
    span = span,
    row = span and span.row or row,
    col = span and span.col or col,
  }
  require("spanfill.canvas").start(vim.tbl_extend("force", wish, more))
end

---@param offers spanfill.Offer[]
---@param fault? string
---@param none string what to say where there is nothing
local function choose(offers, fault, none)
  if fault or #offers == 0 then
    messages.warn(fault or none)
  elseif #offers == 1 then
    require("spanfill.canvas").start(offers[1].wish)
  else
    vim.ui.select(offers, {
      prompt = "spanfill",
      format_item = function(offer)
        return offer.title
      end,
    }, function(offer)
      if offer then
        require("spanfill.canvas").start(offer.wish)
      end
    end)
  end
end

---@param command string the server's
---@param none string
---@return fun(span?: spanfill.Span)
local function offered(command, none)
  return function(span)
    local bufnr = vim.api.nvim_get_current_buf()
    require("spanfill.offers").ask(command, bufnr, span or selection.cursor_line(), function(offers, fault)
      choose(offers, fault, none)
    end)
  end
end

---@param span? spanfill.Span
---@param words string
local function rewrite(span, words)
  local region = span or selection.cursor_line()
  local function go(instruction)
    if instruction and vim.trim(instruction) ~= "" then
      fill(region, { mode = "region", instruction = instruction })
    end
  end
  if words ~= "" then
    go(words)
  else
    vim.ui.input({ prompt = "Rewrite: " }, go)
  end
end

local function restart()
  require("spanfill.supervision").expect_exit()
  client.stop()
  local patience = vim.uv.now() + 5000
  local function again()
    if client.any() and vim.uv.now() < patience then
      vim.defer_fn(again, 50)
      return
    end
    require("spanfill.supervision").reset()
    client.enable()
    client.attach_all()
  end
  again()
end

---@type table<string, spanfill.Subcommand>
M.ALL = {
  fill = {
    what = "Fill the selection or the range of lines; without, write what belongs at the cursor.",
    run = function(span)
      fill(span, { mode = span and "region" or nil })
    end,
  },
  ["function"] = {
    what = "Write the body of the function at the cursor.",
    run = function()
      fill(nil, { mode = "function" })
    end,
  },
  rewrite = {
    what = "Rewrite the selection or the cursor's line to an instruction, which is asked for where it is not given.",
    words = "[instruction]",
    run = rewrite,
  },
  optimise = {
    what = "Make the selection or the cursor's line faster.",
    run = offered("spanfill.optimise", "nothing to optimise here."),
  },
  fix = {
    what = "Fix a diagnostic of the cursor's line.",
    run = offered("spanfill.fixDiagnostic", "no diagnostic to fix here."),
  },
  explain = {
    what = "Explain the selection or the cursor's line in a window.",
    run = function(span)
      local bufnr = vim.api.nvim_get_current_buf()
      require("spanfill.explanation").start(bufnr, span or selection.cursor_line())
    end,
  },
  accept = {
    what = "Put the previewed fill in.",
    run = function()
      require("spanfill.canvas").accept()
    end,
  },
  regenerate = {
    what = "Run the previewed fill again.",
    run = function()
      require("spanfill.canvas").regenerate()
    end,
  },
  discard = {
    what = "Stop the running fill or discard the previewed one.",
    run = function()
      require("spanfill.canvas").discard()
    end,
  },
  status = {
    what = "Say what the server does: its state, model, device and last time.",
    run = function()
      messages.tell(status.sentence())
    end,
  },
  stats = {
    what = "Show the session's counts and times.",
    run = function()
      require("spanfill.server_verbs").stats()
    end,
  },
  pause = {
    what = "Stop suggesting.",
    run = function()
      require("spanfill.server_verbs").pause(true)
    end,
  },
  resume = {
    what = "Go on suggesting.",
    run = function()
      require("spanfill.server_verbs").pause(false)
    end,
  },
  model = {
    what = "Load another model, chosen from those installed where none is named.",
    words = "[name]",
    run = function(_, words)
      require("spanfill.server_verbs").model(words ~= "" and words or nil)
    end,
  },
  doctor = {
    what = "Show what `spanfill doctor` finds.",
    run = function()
      require("spanfill.server_verbs").doctor()
    end,
  },
  log = {
    what = "Open the log of language servers; the server's own lines are in it.",
    run = function()
      vim.cmd.tabedit(vim.fn.fnameescape(require("spanfill.calls").log_path()))
    end,
  },
  restart = { what = "Start the server anew; a changed `cmd` or PATH is looked at again.", run = restart },
  stop = {
    what = "Stop the server until :Spanfill restart.",
    run = function()
      require("spanfill.supervision").expect_exit()
      client.stop()
    end,
  },
}

---@param name string
---@param span? spanfill.Span
---@param words string
local function run(name, span, words)
  require("spanfill").ensure()
  local found = M.ALL[name]
  if found then
    found.run(span, words)
  else
    messages.warn(("there is no :Spanfill %s; there are %s."):format(name, table.concat(M.names(), ", ")))
  end
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(M.ALL)
  table.sort(names)
  return names
end

---`:Spanfill` with its arguments; alone it tells the status.
---@param args vim.api.keyset.create_user_command.command_args
function M.run(args)
  local name, words = args.args:match("^(%S*)%s*(.-)%s*$")
  run(name ~= "" and name or "status", selection.of_command(args), words)
end

---The same from a map: about the selection of Visual mode, or the cursor's place.
---@param name string
function M.on_selection(name)
  run(name, selection.visual(), "")
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  if line:match("Spanfill%s+%S+%s") then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, M.names())
end

return M
