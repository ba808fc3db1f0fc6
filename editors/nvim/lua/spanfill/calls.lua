--- Calls that differ between Neovim 0.10 and later ones, each in one place.

local M = {}

local HAS_METHODS = vim.fn.has("nvim-0.11") == 1

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param handler lsp.Handler
---@param bufnr integer
---@return integer? request_id nil where the server is gone
function M.request(client, method, params, handler, bufnr)
  local sent, id
  if HAS_METHODS then
    sent, id = client:request(method, params, handler, bufnr)
  else
    sent, id = client.request(method, params, handler, bufnr)
  end
  return sent and id or nil
end

---@param client vim.lsp.Client
---@param id integer
function M.cancel(client, id)
  if HAS_METHODS then
    client:cancel_request(id)
  else
    client.cancel_request(id)
  end
end

---@param client vim.lsp.Client
---@param method string
---@param params table
function M.notify(client, method, params)
  if HAS_METHODS then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end

---@param client vim.lsp.Client
---@return boolean
function M.is_stopped(client)
  if HAS_METHODS then
    return client:is_stopped()
  end
  return client.is_stopped()
end

---@param client vim.lsp.Client
---@param force boolean? without waiting for the server's goodbye
function M.stop(client, force)
  if HAS_METHODS then
    client:stop(force)
  else
    client.stop(force)
  end
end

---A character offset of the protocol as a byte offset; past the line's end it is the end.
---@param line string
---@param character integer
---@param encoding string the client's offset encoding: utf-8, utf-16 or utf-32
---@return integer
function M.byte_index(line, character, encoding)
  if encoding == "utf-8" then
    return math.min(character, #line)
  elseif HAS_METHODS then
    return vim.str_byteindex(line, encoding, character, false)
  end
  local ok, index = pcall(vim.str_byteindex, line, character, encoding == "utf-16")
  return ok and index or #line
end

---A byte offset as a character offset of the protocol.
---@param line string
---@param byte integer
---@param encoding string
---@return integer
function M.character_index(line, byte, encoding)
  byte = math.min(byte, #line)
  if encoding == "utf-8" then
    return byte
  elseif HAS_METHODS then
    return vim.str_utfindex(line, encoding, byte, false)
  end
  local utf32, utf16 = vim.str_utfindex(line, byte)
  return encoding == "utf-16" and utf16 or utf32
end

---@return string # the file that Neovim logs language servers to
function M.log_path()
  return vim.lsp.log and vim.lsp.log.get_filename and vim.lsp.log.get_filename() or vim.lsp.get_log_path()
end

return M
