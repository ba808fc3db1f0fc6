--- The server's code actions as wishes for a fill, so that they get a canvas and a preview. The server decides
--- what belongs to a diagnostic and how the model is asked; nothing of that is repeated here.

local calls = require("spanfill.calls")
local client = require("spanfill.client")
local places = require("spanfill.places")

local M = {}

---@class spanfill.Offer
---@field title string
---@field wish spanfill.FillWish

---@param row integer
---@return lsp.Diagnostic[] # those of a line, as their language servers or linters tell them
local function diagnostics_of(bufnr, row, encoding)
  return vim.tbl_map(function(found)
    local span = {
      row = found.lnum,
      col = found.col,
      end_row = found.end_lnum or found.lnum,
      end_col = found.end_col or found.col,
    }
    return {
      range = places.range(bufnr, span, encoding),
      message = found.message,
      severity = found.severity,
      source = found.source,
    }
  end, vim.diagnostic.get(bufnr, { lnum = row }))
end

---Ask what the server offers under one of its commands.
---@param command string
---@param bufnr integer
---@param span spanfill.Span
---@param take fun(offers: spanfill.Offer[], fault?: string)
function M.ask(command, bufnr, span, take)
  local server = client.of(bufnr)
  if not server then
    take({}, "the server does not run for this buffer; :checkhealth spanfill tells why.")
    return
  end
  local encoding = server.offset_encoding
  local function answered(err, actions)
    local offers = {}
    for _, action in ipairs(actions or {}) do
      local order = type(action.command) == "table" and action.command or {}
      local ordered = order.command == command and order.arguments[1]
      if ordered then
        local region = places.span(bufnr, ordered.range, encoding)
        offers[#offers + 1] = {
          title = action.title,
          wish = {
            bufnr = bufnr,
            row = region.row,
            col = region.col,
            span = region,
            mode = ordered.mode,
            instruction = ordered.instruction,
          },
        }
      end
    end
    take(offers, err and err.message)
  end
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    range = places.range(bufnr, span, encoding),
    context = { diagnostics = diagnostics_of(bufnr, span.row, encoding) },
  }
  if not calls.request(server, "textDocument/codeAction", params, answered, bufnr) then
    take({}, "the server is gone; :Spanfill restart starts it again.")
  end
end

return M
