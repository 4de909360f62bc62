# The newest clang++ that there is: libFuzzer belongs to clang, and Debian's packages have the version in the name.
find_program(DTI_CLANGXX NAMES clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14
                               clang++ REQUIRED)
set(CMAKE_CXX_COMPILER "${DTI_CLANGXX}")
