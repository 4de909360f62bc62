#include "cli/lists/display_width.hpp"

#include <utf8proc.h>

#include "dti/base/check.hpp"

namespace dti {

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    utf8proc_int32_t value = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &value);
    DTI_CHECK(size > 0);
    width += static_cast<std::size_t>(utf8proc_charwidth(value));
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return width;
}

}  // namespace dti
