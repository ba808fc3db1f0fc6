--- A component for lualine: `sections = { lualine_x = { "spanfill" } }`.

local Component = require("lualine.component"):extend()

---@return string # empty where the server does not run
function Component:update_status()
  local spanfill = require("spanfill")
  return spanfill.status().state == "stopped" and "" or spanfill.statusline()
end

return Component
