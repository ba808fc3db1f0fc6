--- Everything that can be put on a key: its `<Plug>` map, its modes, the key suggested for it, what it does.

---@class spanfill.Action
---@field name string as in `keys = { NAME = "<key>" }` and, with dashes, in `<Plug>(spanfill-NAME)`
---@field modes string[]
---@field key string the suggested key
---@field what string
---@field run fun(): boolean? false where there was nothing to do and the key should do what else it does
---@field falls_through? boolean whether that may happen

---@param name string of a function of the public module
---@return fun(): boolean?
local function public(name)
  return function()
    return require("spanfill")[name]()
  end
end

---@param name string of a subcommand
---@return fun()
local function command(name)
  return function()
    require("spanfill.commands").on_selection(name)
  end
end

local insert, code = { "i" }, { "n", "x" }

-- stylua: ignore start
---@type spanfill.Action[]
return {
  { name = "accept", modes = insert, key = "<M-l>", what = "accept the suggestion", run = public("accept"), falls_through = true },
  { name = "accept_word", modes = insert, key = "<M-w>", what = "accept its next word", run = public("accept_word"), falls_through = true },
  { name = "accept_line", modes = insert, key = "<M-j>", what = "accept its next line", run = public("accept_line"), falls_through = true },
  { name = "dismiss", modes = insert, key = "<M-e>", what = "take it off the screen", run = public("dismiss"), falls_through = true },
  { name = "next", modes = insert, key = "<M-n>", what = "show the next suggestion", run = public("next") },
  { name = "previous", modes = insert, key = "<M-p>", what = "show the previous suggestion", run = public("previous") },
  { name = "suggest", modes = insert, key = "<M-i>", what = "ask for suggestions", run = public("suggest") },
  { name = "fill", modes = code, key = "<Leader>sf", what = "fill the selection, or at the cursor", run = command("fill") },
  { name = "function", modes = code, key = "<Leader>sF", what = "fill the function's body", run = command("function") },
  { name = "rewrite", modes = code, key = "<Leader>sr", what = "rewrite to an instruction", run = command("rewrite") },
  { name = "optimise", modes = code, key = "<Leader>so", what = "make the code faster", run = command("optimise") },
  { name = "fix", modes = code, key = "<Leader>sx", what = "fix the diagnostic at the cursor", run = command("fix") },
  { name = "explain", modes = code, key = "<Leader>se", what = "explain the code", run = command("explain") },
}
-- stylua: ignore end
