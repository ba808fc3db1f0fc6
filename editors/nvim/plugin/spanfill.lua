--- The command and the `<Plug>` maps. What they do is loaded when they are used.

if vim.g.loaded_spanfill then
  return
end
vim.g.loaded_spanfill = true

vim.api.nvim_create_user_command("Spanfill", function(args)
  require("spanfill.commands").run(args)
end, {
  nargs = "*",
  range = true,
  desc = "Fill, rewrite and explain code with spanfill",
  complete = function(...)
    return require("spanfill.commands").complete(...)
  end,
})

for _, action in ipairs(require("spanfill.actions")) do
  local plug = ("<Plug>(spanfill-%s)"):format((action.name:gsub("_", "-")))
  vim.keymap.set(action.modes, plug, action.run, { desc = "spanfill: " .. action.what })
end
