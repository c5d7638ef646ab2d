// SPDX-License-Identifier: GPL-2.0
/* crypto/aead.h */

/* Bytes of the seal of an AEAD, as net/crypto.rs has it. */
#define AEAD_SEAL 16

void vnet_helper_crypto_free_aead(struct crypto_aead *transform)
{
	crypto_free_aead(transform);
}

unsigned int vnet_helper_aead_ivsize(struct crypto_aead *transform)
{
	return crypto_aead_ivsize(transform);
}

struct aead_request *vnet_helper_aead_request_alloc(struct crypto_aead *transform)
{
	struct aead_request *request = aead_request_alloc(transform, GFP_KERNEL);

	/* It is never asynchronous, and may not sleep. */
	if (request)
		aead_request_set_callback(request, 0, NULL, NULL);
	return request;
}

void vnet_helper_aead_request_free(struct aead_request *request)
{
	aead_request_free(request);
}

/*
 * Encrypts @len bytes of a packet in place, behind @open bytes that are only
 * authenticated. All of them, and the seal behind them, are in one piece.
 */
int vnet_helper_skb_seal(struct sk_buff *skb, struct aead_request *request, u32 open, u32 len,
			 u8 *nonce)
{
	struct scatterlist all;

	sg_init_one(&all, skb->data, open + len + AEAD_SEAL);
	aead_request_set_crypt(request, &all, &all, len, nonce);
	aead_request_set_ad(request, open);
	return crypto_aead_encrypt(request);
}

/* The inverse; the seal is checked. */
int vnet_helper_skb_unseal(struct sk_buff *skb, struct aead_request *request, u32 open, u32 len,
			   u8 *nonce)
{
	struct scatterlist all;

	sg_init_one(&all, skb->data, open + len + AEAD_SEAL);
	aead_request_set_crypt(request, &all, &all, len + AEAD_SEAL, nonce);
	aead_request_set_ad(request, open);
	return crypto_aead_decrypt(request);
}
