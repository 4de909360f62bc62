#include "dtictl/key/key_columns.hpp"

namespace dti {

std::vector<Column<ListedKey>> key_columns() {
  return {
      {{"name", ColumnKind::kText}, [](const ListedKey& key) { return key.name; }},
      {{"role", ColumnKind::kText}, [](const ListedKey& key) { return role_text(key.role); }},
      {{"public-key", ColumnKind::kText}, [](const ListedKey& key) { return key_text(key.key); }},
  };
}

}  // namespace dti
