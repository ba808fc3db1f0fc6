--- The connection to the server: starting it, finding it for a buffer, stopping it.
--- One server process serves all buffers of this Neovim: a model in memory twice helps nobody.

local calls = require("spanfill.calls")
local config = require("spanfill.config")
local messages = require("spanfill.messages")
local server_command = require("spanfill.server_command")
local status = require("spanfill.status")

local M = {}

M.NAME = "spanfill"

---@type table<integer, integer> the client's id for each attached buffer
local attached = {}

---The server of a buffer. Cheap: it is asked on every keystroke.
---@param bufnr integer
---@return vim.lsp.Client?
function M.of(bufnr)
  local id = attached[bufnr]
  return id and vim.lsp.get_client_by_id(id) or nil
end

---@return vim.lsp.Client? # the running server, whatever buffer it serves
function M.any()
  for _, client in ipairs(vim.lsp.get_clients({ name = M.NAME })) do
    if not calls.is_stopped(client) then
      return client
    end
  end
end

---@return integer[] # the buffers that are attached to the server
function M.buffers()
  return vim.tbl_keys(attached)
end

---@param bufnr integer
function M.detached(bufnr)
  attached[bufnr] = nil
  require("spanfill.ghost").detached(bufnr)
end

---@param settings table<string, any>
---@return table<string, any> # the same; empty tables are objects in JSON, not lists
local function as_object(settings)
  return next(settings) == nil and vim.empty_dict() or vim.deepcopy(settings)
end

---@param bufnr integer
---@return boolean # whether the server should see a buffer at all
local function wanted(bufnr)
  if
    not vim.api.nvim_buf_is_loaded(bufnr)
    or vim.bo[bufnr].buftype ~= ""
    or vim.b[bufnr].spanfill == false
  then
    return false
  end
  local lines = vim.api.nvim_buf_line_count(bufnr)
  return vim.api.nvim_buf_get_offset(bufnr, lines) <= config.get().max_file_bytes
end

---@param filetype string
---@return boolean
local function covers(filetype)
  local filetypes = config.get().filetypes
  return vim.list_contains(filetypes, "*") or vim.list_contains(filetypes, filetype)
end

---@param client vim.lsp.Client
---@param root string
local function add_folder(client, root)
  local folder = { uri = vim.uri_from_fname(root), name = root }
  local folders = client.workspace_folders or {}
  for _, known in ipairs(folders) do
    if known.uri == folder.uri then
      return
    end
  end
  folders[#folders + 1] = folder
  client.workspace_folders = folders
  if client.initialized then
    calls.notify(
      client,
      "workspace/didChangeWorkspaceFolders",
      { event = { added = { folder }, removed = {} } }
    )
  end
end

---@param client vim.lsp.Client
---@param new vim.lsp.ClientConfig
---@return boolean
local function reuse(client, new)
  if client.name ~= M.NAME or calls.is_stopped(client) then
    return false
  end
  if type(new.root_dir) == "string" then
    add_folder(client, new.root_dir)
  end
  return true
end

---@param client vim.lsp.Client
local function on_init(client)
  require("spanfill.supervision").started()
  status.set({ state = "starting" })
  -- Folders that came while it started are not in `initialize`.
  local first = client.config.root_dir
  for _, folder in ipairs(client.workspace_folders or {}) do
    if not first or folder.uri ~= vim.uri_from_fname(first) then
      calls.notify(
        client,
        "workspace/didChangeWorkspaceFolders",
        { event = { added = { folder }, removed = {} } }
      )
    end
  end
end

---@param command string[]
---@return vim.lsp.Config
local function lsp_config(command)
  local settings, capabilities = config.get().settings, vim.lsp.protocol.make_client_capabilities()
  capabilities.textDocument.inlineCompletion = { dynamicRegistration = false }
  return {
    name = M.NAME,
    cmd = command,
    cmd_env = config.get().env,
    capabilities = capabilities,
    filetypes = not covers("*") and config.get().filetypes or nil,
    init_options = as_object(settings),
    settings = { spanfill = as_object(settings) },
    handlers = require("spanfill.handlers").ALL,
    reuse_client = reuse,
    on_init = on_init,
    on_exit = vim.schedule_wrap(function(code, signal)
      vim.tbl_map(M.detached, M.buffers())
      require("spanfill.supervision").on_exit(code, signal)
    end),
  }
end

---@param bufnr integer
---@param on_dir fun(root?: string) called where the server should see the buffer
local function root_dir(bufnr, on_dir)
  if wanted(bufnr) then
    on_dir(vim.fs.root(bufnr, config.get().root_markers))
  end
end

---Start the server for a buffer, or attach the running one.
---@param bufnr integer
function M.attach(bufnr)
  local command = server_command.find()
  if not command or not vim.api.nvim_buf_is_valid(bufnr) or not covers(vim.bo[bufnr].filetype) then
    return
  end
  root_dir(bufnr, function(root)
    local start = lsp_config(command)
    start.root_dir = root
    start.filetypes, start.reuse_client = nil, nil
    vim.lsp.start(start, { bufnr = bufnr, reuse_client = reuse })
  end)
end

---Attach every buffer that wants the server.
function M.attach_all()
  vim.iter(vim.api.nvim_list_bufs()):filter(vim.api.nvim_buf_is_loaded):each(M.attach)
end

---@param group integer
local function watch(group)
  vim.api.nvim_create_autocmd("LspAttach", {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == M.NAME then
        attached[event.buf] = client.id
        require("spanfill.ghost").attached(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd({ "LspDetach", "BufWipeout" }, {
    group = group,
    callback = function(event)
      if attached[event.buf] and (not event.data or event.data.client_id == attached[event.buf]) then
        M.detached(event.buf)
      end
    end,
  })
end

---Let the server start with the first buffer that wants it, and serve all others.
function M.enable()
  local group = vim.api.nvim_create_augroup("spanfill.client", { clear = true })
  watch(group)
  local command, problem = server_command.find()
  if not command then
    status.set({ state = "missing", detail = problem })
    vim.api.nvim_create_autocmd("FileType", {
      group = group,
      callback = function(event)
        if covers(event.match) then
          messages.warn_once(problem --[[@as string]])
        end
      end,
    })
  elseif vim.lsp.enable then
    vim.lsp.config(M.NAME, vim.tbl_extend("force", lsp_config(command), { root_dir = root_dir }))
    vim.lsp.enable(M.NAME)
  else
    vim.api.nvim_create_autocmd("FileType", {
      group = group,
      callback = function(event)
        M.attach(event.buf)
      end,
    })
    M.attach_all()
  end
end

---Take other server settings while it runs.
---@param settings table<string, any>
function M.configure(settings)
  config.get().settings = settings
  local client = M.any()
  if client then
    client.settings = { spanfill = as_object(settings) }
    calls.notify(client, "workspace/didChangeConfiguration", { settings = client.settings })
  end
end

---Stop the server; buffers are left without.
function M.stop()
  if vim.lsp.enable then
    vim.lsp.enable(M.NAME, false)
  else
    vim.api.nvim_create_augroup("spanfill.client", { clear = true })
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = M.NAME })) do
    calls.stop(client)
  end
end

return M
