#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace understudy::postgres {

/// A statement's text, with the name under which connections prepare it. Make it once and keep it: the pool compares
/// nothing but the name, which is derived from the text, so that the same name never stands for another text even where
/// a pooler hands one server session to several clients.
class Statement {
public:
    explicit Statement(std::string text)
        : text_{std::move(text)}
        , name_{name_of(text_)} {}

    const std::string& text() const noexcept { return text_; }
    const std::string& name() const noexcept { return name_; }

private:
    // Two FNV-1a sums (Fowler, Noll, Vo) with different starts: 128 bits, over texts that we write ourselves.
    static std::string name_of(std::string_view text) {
        std::string name = "understudy_";
        for (std::uint64_t sum : {0xcbf29ce484222325ULL, 0x9ae16a3b2f90404fULL}) {
            for (const char c : text)
                sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
            for (int i = 0; i < 16; ++i, sum >>= 4)
                name += "0123456789abcdef"[sum & 15];
        }
        return name;
    }

    std::string text_;
    std::string name_;
};

} // namespace understudy::postgres
