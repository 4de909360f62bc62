#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/seals/seal.hpp"
#include "dti/seals/signature.hpp"
#include "dti/service/ledger/chain_heads.hpp"

namespace dti {

/// The ends of a store's chains at one moment, signed: a line for a witness, who keeps it outside of the store.
/// Source: docs/ledger-seals.md, Head lines
struct HeadLine {
  StoreId store;
  std::string at;                   // such as 20261129T210000Z: the clock of the signer
  std::map<SemesterId, Seq> heads;  // the registry and the semesters that have sealed entries
  Seal root;                        // of the heads and their seals
  SigningPublicKey key;
  Signature signature;

  friend bool operator==(const HeadLine&, const HeadLine&) = default;
};

/// The hash of the ends of chains. @param ends  those that have sealed entries
[[nodiscard]] Seal root_of(const StoreId& store, const std::map<SemesterId, SealedHead>& ends);

[[nodiscard]] HeadLine sign_heads(const ChainHeads& heads, WallTime at, const SigningSecretKey& key);

/// Whether two lines of one key are about the same entries and seals.
[[nodiscard]] bool tells_the_same(const HeadLine& first, const HeadLine& second);

/// The line, without a line feed. It has no spaces.
[[nodiscard]] std::string head_line_text(const HeadLine& line);

/// The lines of a file, which may be the text of mails: white space within a line and `>` at the beginning of a row do not
/// count, nor does any text around the lines.
struct WitnessFile {
  std::vector<HeadLine> lines;
  std::optional<std::string> fault;  // a sentence about the lines that cannot be read
};
[[nodiscard]] WitnessFile parse_witness(std::string_view text);

/// Compares lines with a store whose seals fit its entries (verify()), and with each other.
/// @param keys  the public keys of the servers of this store, old ones too
/// @return a sentence for each line that does not fit, and for each pair of lines that contradict each other
[[nodiscard]] std::vector<std::string> check_witness(const std::vector<HeadLine>& lines,
                                                     const std::vector<SigningPublicKey>& keys, const StoreId& store,
                                                     const SealReader& read);

}  // namespace dti
