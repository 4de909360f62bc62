-- pandoc's tables are 70 columns wide, without the space between the cells: too wide for a man page of 80 columns.
function Table(table)
  for _, column in ipairs(table.colspecs) do
    if column[2] then column[2] = column[2] * 0.9 end
  end
  return table
end
