# Protections of the programs against bugs in memory: docs/packages.md describes them, and ADR 0022 has the reasons.
# packaging/tests/hardening.py checks them in the binaries.

add_compile_definitions(_GLIBCXX_ASSERTIONS)

# Sanitizers replace the functions that _FORTIFY_SOURCE replaces, and report more.
if(DTI_SANITIZE)
  return()
endif()

# Not CMAKE_POSITION_INDEPENDENT_CODE: it compiles static libraries with -fPIC, which is slower and for shared libraries.
add_compile_options(-fPIE)
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)

add_compile_options(-fstack-protector-strong)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  add_compile_options(-fstack-clash-protection -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  add_compile_options(-fstack-clash-protection -mbranch-protection=standard)
endif()

# These are options, because definitions come before the flags of dpkg-buildflags, which define level 2. glibc itself falls
# back to level 2 with a compiler that lacks level 3, and warns if the compiler does not optimise.
string(TOUPPER "CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}" flags_of_type)
if("${CMAKE_CXX_FLAGS} ${${flags_of_type}}" MATCHES "-O([1-3sgz]|fast)")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
