#include "certificate.hpp"

#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace hubspot_emulator {

namespace {

struct Free {
    void operator()(X509* p) const { X509_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};

template<typename T>
using Owned = std::unique_ptr<T, Free>;

template<typename Result>
Result check(Result result) {
    if (!result)
        throw std::runtime_error("OpenSSL could not make a certificate");
    return result;
}

void extend(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    Owned<X509_EXTENSION> extension(check(X509V3_EXT_conf_nid(nullptr, &context, nid, value)));
    check(X509_add_ext(certificate, extension.get(), -1));
}

template<typename Write>
std::string to_pem(Write write) {
    Owned<BIO> memory(check(BIO_new(BIO_s_mem())));
    check(write(memory.get()));
    const char* data = nullptr;
    auto size = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, &data);
    return {data, static_cast<std::size_t>(size)};
}

} // namespace

Certificate make_certificate(bool expired) {
    constexpr long day = 24 * 60 * 60;
    Owned<EVP_PKEY> key(check(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")));
    Owned<X509> certificate(check(X509_new()));
    auto* x509 = certificate.get();
    check(X509_set_version(x509, 2));
    check(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1));
    check(X509_gmtime_adj(X509_getm_notBefore(x509), expired ? -3 * day : -day));
    check(X509_gmtime_adj(X509_getm_notAfter(x509), expired ? -day : day));
    check(X509_set_pubkey(x509, key.get()));
    auto* name = X509_get_subject_name(x509);
    check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1,
                                     -1, 0));
    check(X509_set_issuer_name(x509, name));
    extend(x509, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    extend(x509, NID_basic_constraints, "critical,CA:TRUE");
    check(X509_sign(x509, key.get(), EVP_sha256()));
    return {to_pem([&](BIO* out) { return PEM_write_bio_X509(out, x509); }), to_pem([&](BIO* out) {
                return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

} // namespace hubspot_emulator
