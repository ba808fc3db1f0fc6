--- Notices what ends a fill from outside: the text changes, or the server drops the request without a word.

local M = {}

---How long an answer may come behind the news that its request is done.
local PATIENCE_MS = 200

---Call back once, when a buffer's text changes or the buffer goes, unless `over()` is true by then.
---@param bufnr integer
---@param over fun(): boolean
---@param changed fun()
function M.text(bufnr, over, changed)
  local function report()
    if not over() then
      vim.schedule(changed)
    end
    return true
  end
  vim.api.nvim_buf_attach(bufnr, false, {
    on_lines = report,
    on_reload = report,
    on_detach = report,
  })
end

---Call back where a request ends without an answer. Neovim keeps a server's `RequestCancelled` to itself, so a
---fill that the server gave up for another one would seem to run for ever.
---@param request_id integer
---@param answered fun(): boolean
---@param dropped fun()
function M.request(request_id, answered, dropped)
  vim.api.nvim_create_autocmd("LspRequest", {
    group = vim.api.nvim_create_augroup("spanfill.canvas", { clear = true }),
    callback = function(event)
      if event.data.request_id ~= request_id or event.data.request.type ~= "complete" then
        return false
      end
      vim.defer_fn(function()
        if not answered() then
          dropped()
        end
      end, PATIENCE_MS)
      return true
    end,
  })
end

return M
