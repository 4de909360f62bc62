# dti_embed(TARGET NAME FILE...): makes the files' texts part of a target, as
#   namespace dti::embedded { extern const std::span<const File> NAME; }
# declared in "embedded/NAME.hpp". Files keep the order given; a change of one rebuilds the target.
function(dti_embed target name)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(entries "")
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR} NORMALIZE)
    cmake_path(GET file FILENAME short)
    file(READ ${file} text)
    string(LENGTH "${text}" length)
    if(length GREATER 65000)  # each C++ compiler accepts 65,536 characters
      message(FATAL_ERROR "${file}: too long for one string literal")
    endif()
    string(APPEND entries "    {\"${short}\", R\"embedded(${text})embedded\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  file(CONFIGURE OUTPUT ${directory}/embedded/${name}.hpp CONTENT [[
#pragma once
#include <span>
#include "dti/base/embedded_file.hpp"
namespace dti::embedded {
extern const std::span<const File> @name@;
}  // namespace dti::embedded
]] @ONLY)
  file(CONFIGURE OUTPUT ${directory}/${name}.cpp CONTENT [[
#include "embedded/@name@.hpp"
namespace dti::embedded {
namespace {
constexpr File kFiles[] = {
@entries@};
}  // namespace
const std::span<const File> @name@{kFiles};
}  // namespace dti::embedded
]] @ONLY)
  target_sources(${target} PRIVATE ${directory}/${name}.cpp)
  target_include_directories(${target} PRIVATE ${directory})
endfunction()
