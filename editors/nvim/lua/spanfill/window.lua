--- A scratch text in a floating window: explanations, statistics, what a program printed.

local M = {}

local MOST_WIDTH, MOST_HEIGHT = 100, 30

---@param lines string[]
---@param width integer
---@return integer # screen lines that they take, wrapped
local function height_of(lines, width)
  local height = 0
  for _, line in ipairs(lines) do
    height = height + math.max(1, math.ceil(vim.api.nvim_strwidth(line) / width))
  end
  return height
end

---Show lines in a window that `q` and `<Esc>` close.
---@param title string
---@param lines string[]
---@param language? string to highlight them as
---@return integer bufnr
---@return integer window
function M.show(title, lines, language)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable, vim.bo[bufnr].bufhidden = false, "wipe"
  if language and not pcall(vim.treesitter.start, bufnr, language) then
    -- Not every Neovim comes with the parsers; a filetype would start a plugin that needs them.
    vim.bo[bufnr].syntax = language
  end
  local widest = vim.api.nvim_strwidth(title) + 4
  for _, line in ipairs(lines) do
    widest = math.max(widest, vim.api.nvim_strwidth(line))
  end
  local width = math.max(1, math.min(widest, MOST_WIDTH, vim.o.columns - 4))
  local height = math.max(1, math.min(height_of(lines, width), MOST_HEIGHT, vim.o.lines - 6))
  local window = vim.api.nvim_open_win(bufnr, true, {
    relative = "editor",
    width = width,
    height = height,
    row = math.floor((vim.o.lines - height) / 2) - 1,
    col = math.floor((vim.o.columns - width) / 2),
    style = "minimal",
    border = "rounded",
    title = " " .. title .. " ",
  })
  vim.wo[window].wrap, vim.wo[window].linebreak = true, true
  for _, key in ipairs({ "q", "<Esc>" }) do
    vim.keymap.set("n", key, "<Cmd>close<CR>", { buffer = bufnr, nowait = true, desc = "spanfill: close" })
  end
  return bufnr, window
end

return M
