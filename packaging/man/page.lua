-- What pandoc needs to make a man page of 80 columns.

-- Tables: by itself, pandoc makes them 70 columns wide, without the space between the cells, and divides the width by the
-- dashes of the Markdown, so that a long code runs over its column. Here each column is as wide as its longest word. The
-- rest goes to the columns with text that this does not hold.
local width_of_page = 70
local width_of_all = 63

local function texts_of(table, column)
  local texts = {}
  local function add(rows)
    for _, row in ipairs(rows) do texts[#texts + 1] = pandoc.utils.stringify(row.cells[column].contents) end
  end
  add(table.head.rows)
  for _, body in ipairs(table.bodies) do add(body.body) end
  return texts
end

function Table(table)
  if not table.colspecs[1][2] then return nil end  -- narrow enough as it is
  local longest, overhang, all_overhang, rest = {}, {}, 1, width_of_all
  for column in ipairs(table.colspecs) do
    longest[column], overhang[column] = 1, 0
    local texts = texts_of(table, column)
    for _, text in ipairs(texts) do
      for word in text:gmatch("%S+") do longest[column] = math.max(longest[column], utf8.len(word) + 1) end
    end
    for _, text in ipairs(texts) do
      overhang[column] = overhang[column] + math.max(0, utf8.len(text) - longest[column])
    end
    all_overhang = all_overhang + overhang[column]
    rest = rest - longest[column]
  end
  for column, spec in ipairs(table.colspecs) do
    spec[2] = (longest[column] + math.max(rest, 0) * overhang[column] / all_overhang) / width_of_page
  end
  return table
end

-- Lines end where their words end. pandoc's own setting comes before .TH, where groff 1.23 sets the alignment again.
function Pandoc(document)
  document.blocks:insert(1, pandoc.RawBlock("man", ".ds AD l\n.ad l"))
  return document
end
